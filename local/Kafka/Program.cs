using System.CommandLine;
using Betting.Local.Kafka;

var port = new Option<int>("--port")
{
    Description = "Port of the first broker; the others follow it. 0: free ports.",
    DefaultValueFactory = _ => 0,
};
var adminPort = new Option<int>("--admin-port") { Description = "Port of the admin HTTP. 0: a free port.", DefaultValueFactory = _ => 0 };
var brokers = new Option<int>("--brokers") { Description = "Brokers in the cluster, 1 to 10.", DefaultValueFactory = _ => 1 };
var topics = new Option<string>("--topics")
{
    Description = "Topics that exist from the start: name:partitions,…",
    DefaultValueFactory = _ => "",
};
var bytes = new Option<long>("--retention-bytes")
{
    Description = "Bytes kept per partition; the oldest batches go.",
    DefaultValueFactory = _ => Retention.Default.Bytes,
};
var batches = new Option<long>("--retention-batches")
{
    Description = "Batches kept per partition.",
    DefaultValueFactory = _ => Retention.Default.Batches,
};
var rebalanceDelay = new Option<int>("--rebalance-delay-ms")
{
    Description = "How long an empty group waits for members.",
    DefaultValueFactory = _ => 200,
};

var root = new RootCommand("The Kafka protocol for one machine: librdkafka's mock cluster. In memory only; not Kafka.")
{
    port,
    adminPort,
    brokers,
    topics,
    bytes,
    batches,
    rebalanceDelay,
};
root.SetAction(
    (parsed, stop) =>
        BrokerHost.RunAsync(
            new BrokerOptions
            {
                Port = parsed.GetValue(port),
                AdminPort = parsed.GetValue(adminPort),
                Brokers = parsed.GetValue(brokers),
                Topics = TopicSpec.ParseList(parsed.GetValue(topics)!),
                Retention = new Retention(parsed.GetValue(bytes), parsed.GetValue(batches)),
                RebalanceDelay = TimeSpan.FromMilliseconds(parsed.GetValue(rebalanceDelay)),
            },
            stop
        )
);
return await root.Parse(args).InvokeAsync();
