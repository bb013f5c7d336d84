using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>A setting that the code depends on, or that does not exist, is refused at boot: one line, code 78, no secret.</summary>
public sealed class WrongSettingTests
{
    // Stands where a secret could: no message may repeat it.
    const string Secret = "hunter2";

    [Theory]
    [InlineData(
        "CdcSink",
        "Kafka:Client:partition.assignment.strategy=cooperative-sticky",
        "Kafka:Client:partition.assignment.strategy: is not to be set"
    )]
    [InlineData(
        "CacheWarmer",
        "Kafka:Client:partition.assignment.strategy=range",
        "Kafka:Client:partition.assignment.strategy: is not to be set"
    )]
    [InlineData(
        "Ingest",
        "Kafka:Client:partition.assignment.strategy=cooperative-sticky",
        "Kafka:Client:partition.assignment.strategy: is not to be set"
    )]
    [InlineData("CdcSink", "Kafka:Client:group.protocol=consumer", "classic protocol")]
    [InlineData("CdcSink", "Kafka:Client:group.instance.id=one", "replicas share")]
    [InlineData("CdcSink", "Kafka:Client:enable.auto.commit=true", "after their effect is durable")]
    [InlineData("Ingest", "Kafka:Client:enable.auto.offset.store=true", "after their effect is durable")]
    [InlineData("CdcSink", "Kafka:Client:auto.offset.reset=latest", "never a silent jump")]
    [InlineData("CdcSink", "Kafka:Client:isolation.level=read_uncommitted", "read_committed alone")]
    [InlineData("Ingest", "Kafka:Client:isolation.level=read_uncommitted", "read_committed alone")]
    [InlineData("Reconciler", "Kafka:Client:isolation.level=read_uncommitted", "read_committed alone")]
    [InlineData("CdcSink", "Kafka:Client:acks=0", "all in-sync replicas")]
    [InlineData("CdcSink", "Kafka:Client:fetch.wait.max=5", "did you mean fetch.wait.max.ms?")]
    [InlineData("CdcSink", "Kafka:Client:session.timeout.ms=abc", "Kafka:Client:session.timeout.ms:")]
    [InlineData("CdcSink", "Kafka:Client:session.timeout.ms=6000", "CdcSink:RebalanceWait: at most half")]
    [InlineData("CdcSink", "Kafka:Client:heartbeat.interval.ms=20000", "at most a third of session.timeout.ms")]
    [InlineData("CdcSink", "Kafka:Client:max.poll.interval.ms=46000", "max.poll.interval.ms: at least 70000")]
    [InlineData("CdcSink", "Kafka:Client:max.poll.interval.ms=1000", "`max.poll.interval.ms`must be >= `session.timeout.ms`")]
    [InlineData("Reconciler", "Kafka:Client:max.poll.interval.ms=1000", "`max.poll.interval.ms`must be >= `session.timeout.ms`")]
    [InlineData("CdcSink", "Kafka:Client:fetch.max.bytes=1", "fetch.max.bytes")]
    [InlineData("CdcSink", "Kafka:Client:max.poll.interval.ms=0", "Kafka:Client:max.poll.interval.ms: Configuration property")]
    [InlineData("CdcSink", "CdcSink:RebalanceWait=00:00:40", "CdcSink:RebalanceWait")]
    [InlineData("CdcSink", "CdcSink:BatchRecord=5", "did you mean BatchRecords?")]
    [InlineData("CdcSink", "CdcSnik:BatchRecords=5", "did you mean CdcSink?")]
    [InlineData("CdcSink", "CdcSink:RetryPause=5s", "CdcSink:RetryPause: a time as hh:mm:ss")]
    [InlineData("CdcSink", "CdcSink:RetryPause=5", "CdcSink:RetryPause: a time as hh:mm:ss")]
    [InlineData("CdcSink", "CdcSink:FirstStart=Middle", "one of Beginning, End (it is 'Middle')")]
    [InlineData("CdcSink", "CdcSink:FirstStart=1", "one of Beginning, End (it is '1')")]
    [InlineData("CdcSink", "CdcSink:BatchRecords=many", "CdcSink:BatchRecords: a whole number (it is 'many')")]
    [InlineData("CdcSink", "CdcSink:BatchRecords=0", "CdcSink:BatchRecords: 1 to 1000000 (it is '0')")]
    [InlineData("CdcSink", "Kafka:SaslMechanism=" + Secret, "Kafka:SaslMechanism: one of Gssapi")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Prot=1", "there is no keyword 'prot'; did you mean Port?")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=x;Port=abc", "Port is 1 to 65535")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=127.0.0.1:8123", "Host is one name or address, without port")]
    [InlineData("Reconciler", "ClickHouse:ConnectionString=Host=127.0.0.1:8123", "Host is one name or address, without port")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=[::1]:8123", "Host is one name or address, without port")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=::1:x", "Host is one name or address, without port")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=click:8123;Port=8123", "Host is one name or address, without port")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=http://click", "Host is one name or address, without port and scheme")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=a@click", "Host is one name or address")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=", "Host is required")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host='';Port=8123", "Host is")]
    [InlineData("Reconciler", "ClickHouse:ConnectionString=Port=8123;Database=betting", "Host is required")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=click;Port=70000", "Port is 1 to 65535")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=click;Port=-1", "Port is 1 to 65535")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=click;Protocol=ftp", "Protocol is http or https")]
    [InlineData("Ingest", "Postgres:ConnectionString=Host=http://x", "Host has")]
    [InlineData("Ingest", "Postgres:ConnectionString=Host=x;Port=70000", "Port is 1 to 65535")]
    [InlineData("Reconciler", "Postgres:ConnectionString=Host=", "Host is required")]
    [InlineData("CacheWarmer", "Redis:ConnectionString=127.0.0.1:70000", "part 1")]
    [InlineData("CacheWarmer", "Redis:ConnectionString=redis://127.0.0.1:6379", "part 1")]
    [InlineData("CacheWarmer", "Redis:ConnectionString=http://127.0.0.1:6379", "part 1")]
    [InlineData("CacheWarmer", "Redis:ConnectionString=:6379", "part 1")]
    [InlineData("Ingest", "RabbitMq:Uri=amqp://a:b@h:70000/", "RabbitMq:Uri: amqp://USER")]
    [InlineData("Ingest", "RabbitMq:Uri=amqp://a:b@:5672/", "RabbitMq:Uri: amqp://USER")]
    [InlineData("Ingest", "RabbitMq:Uri=amqp://a:b@::1:5672/", "RabbitMq:Uri: amqp://USER")]
    [InlineData("Ingest", "RabbitMq:ManagementUri=rabbitmq:15672", "RabbitMq:ManagementUri: http://HOST:PORT")]
    [InlineData("Ingest", "RabbitMq:ManagementUri=http://a:" + Secret + "@rabbitmq:15672", "RabbitMq:ManagementUri: http://HOST:PORT")]
    [InlineData("Ingest", "RabbitMq:ManagementUri=http://rabbitmq:0", "RabbitMq:ManagementUri: http://HOST:PORT")]
    [InlineData("Ingest", "RabbitMq:ManagementUri=http://rabbitmq:70000", "RabbitMq:ManagementUri: http://HOST:PORT")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=x;set_async_insert=1", "set_async_insert")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=x;UseSession=true", "UseSession")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=x;Password=a;" + Secret + "=1", "keyword 3 is none")]
    [InlineData("Ingest", "Postgres:ConnectionString=Hots=x", "there is no keyword 'hots'; did you mean Host?")]
    [InlineData("Ingest", "Postgres:ConnectionString=Host=x;Multiplexing=true", "Multiplexing")]
    [InlineData("Ingest", "Postgres:ConnectionString=Host=x;Pooling=false", "Pooling")]
    [InlineData("CacheWarmer", "Postgres:ConnectionString=Host=x;No Reset On Close=true", "No Reset On Close")]
    [InlineData("Reconciler", "Postgres:ConnectionString=Host=x;Maximum Pool Size=2", "Maximum Pool Size")]
    [InlineData("Ingest", "Postgres:ConnectionString=Host=x;Password=ab;" + Secret + "=1", "keyword 3 is none")]
    [InlineData("Ingest", "Postgres:ConnectionString=Host=x;Password=ab;" + Secret, "Keyword=value")]
    [InlineData("Ingest", "RabbitMq:Uri=http://x", "RabbitMq:Uri: amqp://USER")]
    [InlineData("Ingest", "RabbitMq:Uri=amqp://a:" + Secret + "@h1:5672,h2:x/v", "RabbitMq:Uri: amqp://USER")]
    [InlineData("Ingest", "RabbitMq:Uri=amqp://a:" + Secret + "@h:0/v", "RabbitMq:Uri: amqp://USER")]
    [InlineData("Ingest", "Postgres:ConnectionString=Host=x:0", "Host has ports of 1 to 65535 (one is 'x:0')")]
    [InlineData("Ingest", "Postgres:ConnectionString=Host=x:5432,y:99999", "Host has ports of 1 to 65535 (one is 'y:99999')")]
    [InlineData("Ingest", "Postgres:ConnectionString=Host=x;Port=0", "the value of 'port'")]
    [InlineData("CacheWarmer", "Redis:ConnectionString=127.0.0.1:0", "part 1 has the port 0")]
    [InlineData("CdcSink", "ClickHouse:ConnectionString=Host=x;Port=0", "Port is 1 to 65535")]
    [InlineData("CdcSink", "Connect:Url=http://connect:0", "Connect:Url: http://HOST:PORT")]
    [InlineData("Reconciler", "OpenTelemetry:OtlpEndpoint=http://x:0", "OpenTelemetry:OtlpEndpoint")]
    [InlineData("CacheWarmer", "Redis:ConnectionString=127.0.0.1:1,pasword=" + Secret, "'pasword'")]
    [InlineData("CacheWarmer", "Redis:ConnectionString=127.0.0.1:1,password=a," + Secret, "part 3")]
    [InlineData("CacheWarmer", "Redis:ConnectionString=127.0.0.1:1,abortConnect=true", "abortConnect")]
    [InlineData("Reconciler", "Http:Url=ftp://x", "Http:Url: http://ADDRESS:PORT")]
    [InlineData("Reconciler", "Http:Url=http://localhots:1", "Http:Url: http://ADDRESS:PORT")]
    [InlineData("Reconciler", "Logs:Level=loud", "Logs:Level: one of Verbose")]
    [InlineData("Ingest", "Logs:Follow=12,abc", "Logs:Follow: ids of commands (UUIDs) and of bets")]
    [InlineData("CdcSink", "Logs:Follow=-5", "Logs:Follow: ids of commands (UUIDs) and of bets")]
    [InlineData("Reconciler", "OpenTelemetry:OtlpEndpoint=nowhere", "OpenTelemetry:OtlpEndpoint")]
    [InlineData("Reconciler", "Reconciler:Schedule=daily", "Reconciler:Schedule")]
    [InlineData("Ingest", "Kafka:BootstrapServers=nonsense:port", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("Ingest", "Kafka:BootstrapServers=http://127.0.0.1:9092", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("Ingest", "Kafka:BootstrapServers=a:9092,b:99999", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("CacheWarmer", "Kafka:BootstrapServers=nonsense:port", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("CacheWarmer", "Kafka:BootstrapServers=http://127.0.0.1:9092", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("CacheWarmer", "Kafka:BootstrapServers=a:9092,b:99999", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("CacheWarmer", "CacheWarmer:TopicPrefix=bad topic!", "CacheWarmer:TopicPrefix: 1 to 200 letters")]
    [InlineData("CacheWarmer", "CacheWarmer:TopicPrefix=..", "CacheWarmer:TopicPrefix: 1 to 200 letters")]
    [InlineData("CdcSink", "Kafka:BootstrapServers=nonsense:port", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("CdcSink", "Kafka:BootstrapServers=http://127.0.0.1:9092", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("CdcSink", "Kafka:BootstrapServers=a:9092,b:99999", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("CdcSink", "CdcSink:TopicPrefix=bad topic!", "CdcSink:TopicPrefix: 1 to 200 letters")]
    [InlineData("CdcSink", "CdcSink:TopicPrefix=..", "CdcSink:TopicPrefix: 1 to 200 letters")]
    [InlineData("Reconciler", "Kafka:BootstrapServers=nonsense:port", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("Reconciler", "Kafka:BootstrapServers=http://127.0.0.1:9092", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("Reconciler", "Kafka:BootstrapServers=a:9092,b:99999", "Kafka:BootstrapServers: host:port, several")]
    [InlineData("Reconciler", "Reconciler:TopicPrefix=bad topic!", "Reconciler:TopicPrefix: 1 to 200 letters")]
    [InlineData("Reconciler", "Reconciler:TopicPrefix=..", "Reconciler:TopicPrefix: 1 to 200 letters")]
    [InlineData("CdcSink", "Connect:Url=connect:8083", "Connect:Url: http://HOST:PORT")]
    [InlineData("CdcSink", "Connect:Url=nonsense", "Connect:Url: http://HOST:PORT")]
    [InlineData("CdcSink", "Connect:Url=/connect", "Connect:Url: http://HOST:PORT")]
    [InlineData("CdcSink", "Connect:Url=ftp://connect:8083", "Connect:Url: http://HOST:PORT")]
    [InlineData("CdcSink", "Connect:Url=http://connect:8083/base", "Connect:Url: http://HOST:PORT")]
    [InlineData("CdcSink", "Connect:Url=http://a:" + Secret + "@connect:8083", "Connect:Url: http://HOST:PORT")]
    [InlineData("CdcSink", "Connect:Url=http://connect:99999", "Connect:Url: an address such as http://host:8083")]
    [InlineData("CdcSink", "Connect:Connector=", "Connect:Connector")]
    [InlineData("Reconciler", "Connect:Url=connect:8083", "Connect:Url: http://HOST:PORT")]
    [InlineData("Reconciler", "Connect:Url=nonsense", "Connect:Url: http://HOST:PORT")]
    [InlineData("Reconciler", "Connect:Url=/connect", "Connect:Url: http://HOST:PORT")]
    [InlineData("Reconciler", "Connect:Url=ftp://connect:8083", "Connect:Url: http://HOST:PORT")]
    [InlineData("Reconciler", "Connect:Url=http://connect:8083/base", "Connect:Url: http://HOST:PORT")]
    [InlineData("Reconciler", "Connect:Url=http://a:" + Secret + "@connect:8083", "Connect:Url: http://HOST:PORT")]
    [InlineData("Reconciler", "Connect:Url=http://connect:99999", "Connect:Url: an address such as http://host:8083")]
    [InlineData("Reconciler", "Connect:Connector=", "Connect:Connector")]
    [InlineData("Ingest", "Kafka:SslCaLocation=/nope/ca.pem", "Kafka:SslCaLocation: a file or folder that is there")]
    [InlineData("CacheWarmer", "Kafka:SslCaLocation=/nope/ca.pem", "Kafka:SslCaLocation: a file or folder that is there")]
    [InlineData("CdcSink", "Kafka:SslCaLocation=/nope/ca.pem", "Kafka:SslCaLocation: a file or folder that is there")]
    [InlineData("Reconciler", "Kafka:SslCaLocation=/nope/ca.pem", "Kafka:SslCaLocation: a file or folder that is there")]
    [InlineData("CdcSink", "CdcSink:Group=", "CdcSink:Group")]
    [InlineData("Reconciler", "OpenTelemetry:OtlpEndpoint=http://x:99999", "OpenTelemetry:OtlpEndpoint")]
    [InlineData("Reconciler", "Http:Url=http://127.0.0.1:99999", "Http:Url: http://ADDRESS:PORT")]
    public async Task A_wrong_setting_ends_the_worker_with_one_line_that_names_it(string worker, string setting, string said)
    {
        var (code, lines) = await WorkerProgram.RunAsync(worker, "--" + setting);

        var text = string.Join('\n', lines);
        Assert.True(code == 78, text);
        Assert.Single(lines);
        Assert.StartsWith($"{worker}: ", text, StringComparison.Ordinal);
        Assert.Contains(said, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", text, StringComparison.Ordinal);
    }

    /// <summary>A variable that is not set: as a filter it matched every letter.</summary>
    [Theory]
    [InlineData("Ingest", "--contains", "dead-letters", "drop", "--door", "kafka")]
    [InlineData("Ingest", "--reason", "dead-letters", "replay")]
    [InlineData("Ingest", "--kind", "dead-letters", "drop")]
    [InlineData("Ingest", "--id", "dead-letters", "drop")]
    [InlineData("CdcSink", "--contains", "dead-letters", "drop")]
    public async Task An_option_without_text_ends_a_verb_with_a_line_that_names_it(string worker, string option, params string[] verb)
    {
        foreach (var text in (string[])["", " "])
        {
            var (code, lines) = await WorkerProgram.RunAsync(worker, [.. verb, option, text]);

            Assert.Equal(78, code);
            Assert.Equal([$"{worker} {verb[0]} {verb[1]}: {option} is empty; see --help"], lines);
        }
    }

    [Theory]
    [InlineData("Ingest", "--RabbitMq:Uri=amqp://a:b@127.0.0.1:1/")]
    [InlineData("CacheWarmer")]
    [InlineData("CdcSink")]
    [InlineData("Reconciler", "--Reconciler:RunOnStart=false")]
    public async Task A_port_in_use_ends_the_worker_with_a_line_that_names_the_setting(string worker, params string[] settings)
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();

        var (code, lines) = await WorkerProgram.RunAsync(worker, [$"--Http:Url=http://{taken.LocalEndpoint}", .. settings]);

        Assert.Equal(78, code);
        Assert.Contains($"{worker}: Http:Url: another process listens there already (it is 'http://{taken.LocalEndpoint}')", lines);
        Assert.DoesNotContain(lines, line =>
            line.StartsWith("   at ", StringComparison.Ordinal) || line.Contains("FTL", StringComparison.Ordinal)
        );
    }
}
