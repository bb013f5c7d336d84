using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Betting.Local.Engines;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace Betting.Tests.Local.Kafka;

public sealed class LocalKafkaTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Records_come_back_in_order_with_keys_headers_and_tombstones()
    {
        using var broker = await BrokerProcess.StartAsync("--topics", "bets:3");
        using var producer = broker.Producer();
        for (int i = 0; i < 300; i++)
        {
            var message = new Message<string, string>
            {
                Key = $"bet {i % 10}",
                Value = i % 50 == 49 ? null! : $"{i}",
                Headers = [new Header("epoch", "1"u8.ToArray())],
            };
            producer.Produce("bets", message);
        }
        producer.Flush(Stop);

        var records = broker.ReadAll("bets", 3, 300);

        Assert.Equal(300, records.Count);
        Assert.Equal(6, records.Count(record => record.Message.Value is null));
        Assert.All(records, record => Assert.Equal("1"u8.ToArray(), record.Message.Headers.GetLastBytes("epoch")));
        foreach (var ofKey in records.Where(record => record.Message.Value is not null).GroupBy(record => record.Message.Key))
            Assert.Equal(ofKey.Select(Number).Order(), ofKey.Select(Number));

        static int Number(ConsumeResult<string, string> record) => int.Parse(record.Message.Value, CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Brokers_listen_on_the_ports_that_were_asked_for()
    {
        int port = FreePort.Take(1);
        using var broker = await BrokerProcess.StartAsync("--port", $"{port}", "--brokers", "2", "--topics", "bets:2");

        Assert.Equal($"127.0.0.1:{port},127.0.0.1:{port + 1}", broker.Bootstrap);
        using var producer = broker.Producer();
        var result = await producer.ProduceAsync(
            new TopicPartition("bets", 1),
            new Message<string, string> { Key = "1", Value = "a" },
            Stop
        );
        Assert.Equal(PersistenceStatus.Persisted, result.Status);
    }

    [Fact]
    public async Task A_broker_that_was_down_comes_back_on_its_port_with_its_records()
    {
        using var broker = await BrokerProcess.StartAsync("--topics", "bets:1");
        using var producer = broker.Producer();
        await producer.ProduceAsync("bets", new Message<string, string> { Key = "1", Value = "before" }, Stop);

        await broker.Admin.PostAsync("/brokers/1/down", null, Stop);
        int port = int.Parse(broker.Bootstrap.Split(':')[1], CultureInfo.InvariantCulture);
        using (var client = new TcpClient())
            await Assert.ThrowsAnyAsync<SocketException>(async () => await client.ConnectAsync(IPAddress.Loopback, port, Stop));
        var late = producer.ProduceAsync("bets", new Message<string, string> { Key = "1", Value = "meanwhile" }, Stop);
        await broker.Admin.PostAsync("/brokers/1/up", null, Stop);
        await late;

        Assert.Equal(["before", "meanwhile"], broker.ReadAll("bets", 1, 2).Select(record => record.Message.Value));
    }

    [Fact]
    public async Task DescribeConfigs_tells_the_settings_of_topics()
    {
        using var broker = await BrokerProcess.StartAsync("--topics", "bets:3,users:1");
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap }).Build();
        await broker.Admin.PutAsync("/topics/bets/settings/cleanup.policy?value=compact%2Cdelete", null, Stop);

        var answers = await admin.DescribeConfigsAsync([Topic("bets"), Topic("users")]);
        Assert.Equal(["bets", "users"], answers.Select(answer => answer.ConfigResource.Name));
        var (policy, time) = (answers[0].Entries["cleanup.policy"], answers[0].Entries["retention.ms"]);
        Assert.Equal(("compact,delete", ConfigSource.DynamicTopicConfig), (policy.Value, policy.Source));
        Assert.Equal(("604800000", ConfigSource.DefaultConfig), (time.Value, time.Source));
        Assert.Equal("delete", answers[1].Entries["cleanup.policy"].Value);

        await broker.Admin.DeleteAsync("/topics/bets/settings/cleanup.policy", Stop);
        Assert.Equal("delete", (await admin.DescribeConfigsAsync([Topic("bets")]))[0].Entries["cleanup.policy"].Value);

        var unknown = await Assert.ThrowsAsync<DescribeConfigsException>(() => admin.DescribeConfigsAsync([Topic("bets"), Topic("none")]));
        Assert.Equal([ErrorCode.NoError, ErrorCode.UnknownTopicOrPart], unknown.Results.Select(answer => answer.Error.Code));
        await broker.Admin.PostAsync("/errors/DescribeConfigs?code=TopicAuthorizationFailed", null, Stop);
        var refused = await Assert.ThrowsAsync<DescribeConfigsException>(() => admin.DescribeConfigsAsync([Topic("bets")]));
        Assert.Equal(ErrorCode.TopicAuthorizationFailed, refused.Results.Single().Error.Code);
        var none = await broker.Admin.PutAsync("/topics/none/settings/cleanup.policy?value=compact", null, Stop);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);

        static ConfigResource Topic(string name) => new() { Type = ResourceType.Topic, Name = name };
    }

    [Fact]
    public async Task Creating_a_topic_twice_is_no_mistake_and_with_other_partitions_it_is()
    {
        using var broker = await BrokerProcess.StartAsync();

        Assert.Equal(HttpStatusCode.Created, (await broker.Admin.PutAsync("/topics/bets?partitions=3", null, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await broker.Admin.PutAsync("/topics/bets?partitions=3", null, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await broker.Admin.PutAsync("/topics/bets?partitions=4", null, Stop)).StatusCode);
        var topics = await broker.Admin.GetFromJsonAsync<Dictionary<string, int>>("/topics", Stop);
        Assert.Equal(3, topics!["bets"]);
        Assert.Equal(HttpStatusCode.NoContent, (await broker.Admin.DeleteAsync("/topics/bets", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await broker.Admin.DeleteAsync("/topics/bets", Stop)).StatusCode);
    }

    [Fact]
    public async Task A_topic_that_nobody_created_appears_with_four_partitions_when_a_producer_names_it()
    {
        using var broker = await BrokerProcess.StartAsync();
        using var producer = broker.Producer();
        await producer.ProduceAsync("surprise", new Message<string, string> { Key = "1", Value = "a" }, Stop);

        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap }).Build();
        var topic = Assert.Single(admin.GetMetadata("surprise", TimeSpan.FromSeconds(10)).Topics);
        Assert.Equal(4, topic.Partitions.Count);
    }

    [Fact]
    public async Task An_injected_error_reaches_the_producer_once()
    {
        using var broker = await BrokerProcess.StartAsync("--topics", "bets:1");
        var answer = await broker.Admin.PostAsync("/errors/Produce?code=InvalidRecord", null, Stop);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);

        using var producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = broker.Bootstrap })
            .SetLogHandler((_, _) => { })
            .Build();
        var refused = await Assert.ThrowsAsync<ProduceException<string, string>>(() =>
            producer.ProduceAsync("bets", new Message<string, string> { Key = "1", Value = "a" }, Stop)
        );
        Assert.Equal(ErrorCode.InvalidRecord, refused.Error.Code);
        await producer.ProduceAsync("bets", new Message<string, string> { Key = "1", Value = "b" }, Stop);
    }

    [Theory]
    [InlineData(64L << 20, 20)]
    [InlineData(1L << 20, 1)]
    public async Task A_partition_keeps_what_retention_says_and_no_more(long bytes, int expectedMegabytesAtLeast)
    {
        using var broker = await BrokerProcess.StartAsync(
            "--topics",
            "bets:1",
            "--retention-bytes",
            bytes.ToString(CultureInfo.InvariantCulture)
        );
        using var producer = broker.Producer();
        string kilobyte = new('x', 1024);
        for (int i = 0; i < 20 * 1024; i++)
            producer.Produce("bets", new Message<string, string> { Key = "1", Value = kilobyte });
        producer.Flush(Stop);

        using var consumer = new ConsumerBuilder<string, string>(
            new ConsumerConfig { BootstrapServers = broker.Bootstrap, GroupId = "w" }
        ).Build();
        var watermarks = consumer.QueryWatermarkOffsets(new TopicPartition("bets", 0), TimeSpan.FromSeconds(10));
        long kept = watermarks.High - watermarks.Low;
        Assert.Equal(20 * 1024, watermarks.High);
        // The mock cluster drops whole batches, so a little more than the limit may stay.
        Assert.InRange(kept, (expectedMegabytesAtLeast - 1) * 1024, (bytes >> 10) + 2048);
    }
}
