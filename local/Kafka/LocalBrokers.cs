using System.Collections.Concurrent;
using Confluent.Kafka;

namespace Betting.Local.Kafka;

/// <summary>The running cluster: its brokers on their ports, its topics, and what can be done to them.</summary>
public sealed class LocalBrokers : IDisposable
{
    readonly MockCluster _cluster;
    readonly int[] _ports;
    readonly bool[] _down;
    readonly ConcurrentDictionary<string, int> _topics = new();
    readonly Lock _listening = new();

    public LocalBrokers(BrokerOptions options)
    {
        lock (_listening)
        {
            var before = Listeners.All();
            _cluster = new MockCluster(options.Brokers, options.Retention);
            // Brokers open their sockets in the order of their numbers, so do the descriptors.
            int[] opened = [.. Listeners.All().Except(before).Order()];
            _ports = [.. opened.Select((descriptor, index) => Listeners.Move(descriptor, options.Port == 0 ? 0 : options.Port + index))];
        }
        if (_ports.Length != options.Brokers)
            throw new InvalidOperationException($"{options.Brokers} brokers were asked for, {_ports.Length} listen");
        _down = new bool[_ports.Length];
        for (int broker = 1; broker <= _ports.Length; broker++)
            _cluster.Advertise(broker, "127.0.0.1", _ports[broker - 1]);
        _cluster.SetRebalanceDelay(options.RebalanceDelay);
        foreach (var topic in options.Topics)
            Require(CreateTopic(topic.Name, topic.Partitions), topic.Name);
    }

    public string Bootstrap => string.Join(',', _ports.Select(port => $"127.0.0.1:{port}"));

    public int Brokers => _ports.Length;

    /// <summary>Topics that were created here, with their partitions. One that a client made by naming it is not among them.</summary>
    public IReadOnlyDictionary<string, int> Topics => _topics;

    public bool IsDown(int broker) => _down[broker - 1];

    /// <returns>NoError, or TopicAlreadyExists when it is there with whatever number of partitions.</returns>
    public ErrorCode CreateTopic(string topic, int partitions)
    {
        var result = _cluster.CreateTopic(topic, partitions, Math.Min(3, Brokers));
        if (result != ErrorCode.NoError)
            return result;
        _topics[topic] = partitions;
        TopicSettings.Add(topic);
        return result;
    }

    public ErrorCode DeleteTopic(string topic)
    {
        _topics.TryRemove(topic, out _);
        TopicSettings.Remove(topic);
        return _cluster.DeleteTopic(topic);
    }

    public ErrorCode DeleteRecords(string topic, int partition, long before) => _cluster.DeleteRecords(topic, partition, before);

    public ErrorCode MoveLeader(string topic, int partition, int broker) => _cluster.MoveLeader(topic, partition, broker);

    public ErrorCode MoveCoordinator(string kind, string key, int broker) => _cluster.MoveCoordinator(kind, key, broker);

    public ErrorCode SetRoundTrip(int broker, int milliseconds) => _cluster.SetRoundTrip(broker, milliseconds);

    public void PushErrors(short api, ReadOnlySpan<int> codes) => _cluster.PushErrors(api, codes);

    public void ClearErrors(short api) => _cluster.ClearErrors(api);

    public ErrorCode SetDown(int broker)
    {
        lock (_listening)
        {
            if (_down[broker - 1])
                return ErrorCode.NoError;
            _down[broker - 1] = true;
            return _cluster.SetDown(broker);
        }
    }

    /// <summary>The broker comes back on the port it had, with what it stored.</summary>
    public ErrorCode SetUp(int broker)
    {
        lock (_listening)
        {
            if (!_down[broker - 1])
                return ErrorCode.NoError;
            var before = Listeners.All();
            var result = _cluster.SetUp(broker);
            if (result != ErrorCode.NoError)
                return result;
            foreach (int descriptor in Listeners.All().Except(before))
                Listeners.Move(descriptor, _ports[broker - 1]);
            _cluster.Advertise(broker, "127.0.0.1", _ports[broker - 1]); // also wakes the cluster's thread, which still polls the old socket
            _down[broker - 1] = false;
            return result;
        }
    }

    public void Dispose() => _cluster.Dispose();

    static void Require(ErrorCode result, string topic)
    {
        if (result != ErrorCode.NoError)
            throw new InvalidOperationException($"topic {topic} was not created: {result}");
    }
}
