using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;

namespace Betting.Local.Kafka;

/// <summary>librdkafka's mock cluster, called through the very image of the library that Confluent.Kafka has loaded.</summary>
/// <remarks>Its functions are public in librdkafka (rdkafka_mock.h) but have no .NET binding. They may be called from any thread.</remarks>
public sealed unsafe class MockCluster : IDisposable
{
    static readonly string Path = FindLibrary();
    static readonly nint Library = NativeLibrary.Load(Path);

    readonly nint _client;
    readonly nint _cluster;

    /// <summary>Starts <paramref name="brokers"/> brokers, numbered from 1, on free ports of loopback.</summary>
    /// <exception cref="InvalidOperationException">The library refuses, or its retention cannot be set.</exception>
    public MockCluster(int brokers, Retention retention)
    {
        retention.Apply(Path);
        DescribeConfigs.Install(Path);
        byte* error = stackalloc byte[512];
        nint settings = ((delegate* unmanaged<nint>)Function("rd_kafka_conf_new"))();
        _client = ((delegate* unmanaged<int, nint, byte*, nint, nint>)Function("rd_kafka_new"))(0, settings, error, 512);
        if (_client == 0)
            throw new InvalidOperationException($"librdkafka: {Marshal.PtrToStringUTF8((nint)error)}");
        _cluster = ((delegate* unmanaged<nint, int, nint>)Function("rd_kafka_mock_cluster_new"))(_client, brokers);
        if (_cluster == 0)
            throw new InvalidOperationException($"librdkafka made no mock cluster of {brokers} brokers");
        NameController();
    }

    // The mock cluster says that broker 0 is the controller, and has none of that number; clients ask the controller for settings. The
    // field stands behind the cluster's name (32 bytes) and its client, by which it is recognised.
    void NameController()
    {
        if (*(nint*)(_cluster + 32) == _client)
            *(int*)(_cluster + 40) = 1;
    }

    public ErrorCode CreateTopic(string topic, int partitions, int replicas)
    {
        fixed (byte* name = Text(topic))
            return (ErrorCode)
                ((delegate* unmanaged<nint, byte*, int, int, int>)Function("rd_kafka_mock_topic_create"))(
                    _cluster,
                    name,
                    partitions,
                    replicas
                );
    }

    public ErrorCode DeleteTopic(string topic)
    {
        fixed (byte* name = Text(topic))
            return (ErrorCode)((delegate* unmanaged<nint, byte*, int>)Function("rd_kafka_mock_topic_delete"))(_cluster, name);
    }

    /// <summary>Drops the records of a partition whose offset is below <paramref name="before"/>.</summary>
    public ErrorCode DeleteRecords(string topic, int partition, long before)
    {
        fixed (byte* name = Text(topic))
            return (ErrorCode)
                ((delegate* unmanaged<nint, byte*, int, long, int>)Function("rd_kafka_mock_partition_delete_records"))(
                    _cluster,
                    name,
                    partition,
                    before
                );
    }

    public ErrorCode MoveLeader(string topic, int partition, int broker)
    {
        fixed (byte* name = Text(topic))
            return (ErrorCode)
                ((delegate* unmanaged<nint, byte*, int, int, int>)Function("rd_kafka_mock_partition_set_leader"))(
                    _cluster,
                    name,
                    partition,
                    broker
                );
    }

    /// <param name="kind"><c>group</c> or <c>transaction</c>.</param>
    public ErrorCode MoveCoordinator(string kind, string key, int broker)
    {
        fixed (byte* kindText = Text(kind))
        fixed (byte* keyText = Text(key))
            return (ErrorCode)
                ((delegate* unmanaged<nint, byte*, byte*, int, int>)Function("rd_kafka_mock_coordinator_set"))(
                    _cluster,
                    kindText,
                    keyText,
                    broker
                );
    }

    /// <summary>Cuts every connection of the broker and refuses new ones. What it stored stays.</summary>
    public ErrorCode SetDown(int broker) =>
        (ErrorCode)((delegate* unmanaged<nint, int, int>)Function("rd_kafka_mock_broker_set_down"))(_cluster, broker);

    public ErrorCode SetUp(int broker) =>
        (ErrorCode)((delegate* unmanaged<nint, int, int>)Function("rd_kafka_mock_broker_set_up"))(_cluster, broker);

    public ErrorCode SetRoundTrip(int broker, int milliseconds) =>
        (ErrorCode)((delegate* unmanaged<nint, int, int, int>)Function("rd_kafka_mock_broker_set_rtt"))(_cluster, broker, milliseconds);

    /// <summary>Makes clients come to this address for the broker.</summary>
    public void Advertise(int broker, string host, int port)
    {
        fixed (byte* name = Text(host))
            ((delegate* unmanaged<nint, int, byte*, int, void>)Function("rd_kafka_mock_broker_set_host_port"))(
                _cluster,
                broker,
                name,
                port
            );
    }

    /// <summary>The next requests of this kind get these errors, one each; then things are as before.</summary>
    public void PushErrors(short api, ReadOnlySpan<int> codes)
    {
        fixed (int* first = codes)
            ((delegate* unmanaged<nint, short, nuint, int*, void>)Function("rd_kafka_mock_push_request_errors_array"))(
                _cluster,
                api,
                (nuint)codes.Length,
                first
            );
    }

    public void ClearErrors(short api) =>
        ((delegate* unmanaged<nint, short, void>)Function("rd_kafka_mock_clear_request_errors"))(_cluster, api);

    public void SetRebalanceDelay(TimeSpan delay) =>
        ((delegate* unmanaged<nint, int, void>)Function("rd_kafka_mock_group_initial_rebalance_delay_ms"))(
            _cluster,
            (int)delay.TotalMilliseconds
        );

    /// <summary>Ends the cluster and all it stored.</summary>
    public void Dispose()
    {
        ((delegate* unmanaged<nint, void>)Function("rd_kafka_mock_cluster_destroy"))(_cluster);
        ((delegate* unmanaged<nint, void>)Function("rd_kafka_destroy"))(_client);
    }

    static nint Function(string name) => NativeLibrary.GetExport(Library, name);

    static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + '\0');

    static string FindLibrary()
    {
        _ = Confluent.Kafka.Library.Version; // makes Confluent.Kafka load the flavour that fits this system
        return File.ReadLines("/proc/self/maps")
            .Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .First(path => path.Contains("librdkafka", StringComparison.Ordinal));
    }
}
