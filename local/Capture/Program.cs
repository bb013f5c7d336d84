using System.CommandLine;
using Betting.Contracts;
using Betting.Local.Capture;

var postgres = new Option<string>("--postgres")
{
    Description = "Connection string of a role that may replicate and read the tables.",
    Required = true,
};
var kafka = new Option<string>("--kafka") { Description = "Bootstrap servers: host:port, several separated by commas.", Required = true };
var prefix = new Option<string>("--prefix")
{
    Description = "What topic names start with.",
    DefaultValueFactory = _ => ChangeTopics.DefaultPrefix,
};
var publication = new Option<string>("--publication")
{
    Description = "The publication; it must exist.",
    DefaultValueFactory = _ => "debezium_publication",
};
var slot = new Option<string>("--slot")
{
    Description = "The replication slot; it is created where it is not there.",
    DefaultValueFactory = _ => "debezium_slot",
};
var tables = new Option<string>("--tables")
{
    Description = "Tables in the order of the snapshot.",
    DefaultValueFactory = _ => "public.users,public.events,public.bets",
};
var epoch = new Option<int>("--epoch")
{
    Description = "Generation of the PostgreSQL cluster, sent as header 'epoch' with each record.",
    DefaultValueFactory = _ => 1,
};
var heartbeat = new Option<int>("--heartbeat-ms")
{
    Description = "Milliseconds between heartbeat records.",
    DefaultValueFactory = _ => 1000,
};
var heartbeatAction = new Option<string>("--heartbeat-action-query")
{
    Description = "Statement that runs in PostgreSQL with each heartbeat.",
    DefaultValueFactory = _ => "",
};
var data = new Option<string>("--data") { Description = "Folder of the file that says how far capture has come.", Required = true };
var adminPort = new Option<int>("--admin-port") { Description = "Port of the status HTTP. 0: a free port.", DefaultValueFactory = _ => 0 };

var root = new RootCommand("A stand-in for the Debezium PostgreSQL connector, for one machine: logical replication in, change events out.")
{
    postgres,
    kafka,
    prefix,
    publication,
    slot,
    tables,
    epoch,
    heartbeat,
    heartbeatAction,
    data,
    adminPort,
};
root.SetAction(
    (parsed, stop) =>
        CaptureHost.RunAsync(
            new CaptureOptions
            {
                Postgres = parsed.GetRequiredValue(postgres),
                Kafka = parsed.GetRequiredValue(kafka),
                Prefix = parsed.GetRequiredValue(prefix),
                Publication = parsed.GetRequiredValue(publication),
                Slot = parsed.GetRequiredValue(slot),
                Tables = parsed.GetRequiredValue(tables).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
                Epoch = parsed.GetValue(epoch),
                Heartbeat = TimeSpan.FromMilliseconds(parsed.GetValue(heartbeat)),
                HeartbeatActionQuery = parsed.GetValue(heartbeatAction) ?? "",
                Data = parsed.GetRequiredValue(data),
                AdminPort = parsed.GetValue(adminPort),
            },
            TimeProvider.System,
            stop
        )
);
return await root.Parse(args).InvokeAsync();
