using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Worker;

public sealed partial class TelemetryTests(Servers servers)
{
    [Fact]
    public async Task Every_metric_of_the_docs_is_on_the_metrics_page_and_none_is_missing_in_the_docs()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start();
        BetCommand[] commands =
        [
            Given.Register(),
            Given.Deposit(10_00),
            Given.Withdraw(100_00),
            Given.Settle(1, 0) with
            {
                IssuedAt = Given.Now,
            },
        ];
        await stage.Rabbit.PublishAsync(
            [.. Stage.Encoded(commands), "poison"u8.ToArray()],
            new BasicProperties { ReplyTo = "bet-replies.nobody" }
        );
        await stage.Kafka.PublishAsync(["poison"u8.ToArray()]);
        await stage.AppliedAsync(commands);
        // Ends a connection under the worker: an attempt that has to be made again.
        await stage.CountAsync(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ingest' AND "
                + "datname = current_database()"
        );
        await stage.Rabbit.PublishAsync(Stage.Encoded([Given.Register(99)]));
        string[] page = [];
        var documented = Documented().ToHashSet();

        // What is there only when it happens: no offset is lost here (its own test reads these), and no partition stands.
        string[] elsewhere =
        [
            "ingest_kafka_offsets_lost_total",
            "ingest_kafka_records_lost_total",
            "ingest_kafka_partition_standing_seconds",
        ];
        await Deadline.UntilAsync("every metric: " + string.Join(", ", documented), TimeSpan.FromSeconds(30), async () =>
        {
            page =
            [
                .. Name()
                    .Matches(await worker.BodyAsync("/metrics"))
                    .Select(match => match.Groups[1].Value)
                    .Where(name => name.StartsWith("ingest_", StringComparison.Ordinal))
                    .Distinct(),
            ];
            var missing = documented.Except(elsewhere).Except(page).ToArray();
            return missing.Length == 0 ? true : throw new InvalidOperationException("missing: " + string.Join(", ", missing));
        });
        Assert.Equal([], page.Except(documented));
        Assert.Equal(
            1,
            await worker.MetricAsync(
                "ingest_commands_total",
                "door=\"rabbitmq\"",
                "kind=\"withdraw\"",
                "outcome=\"rejected\"",
                "reason=\"insufficient-funds\""
            )
        );
        Assert.Equal(1, await worker.MetricAsync("ingest_dead_letters_total", "door=\"kafka\""));
        Assert.True(await worker.MetricAsync("ingest_stage_duration_seconds_count", "stage=\"load\"") > 0);
        await Deadline.UntilAsync("the parked command and the dead letter", TimeSpan.FromSeconds(10), async () =>
            await worker.MetricAsync("ingest_parked") == 1
            && await worker.MetricAsync("ingest_dead_letters_waiting", "door=\"rabbitmq\"") == 1
        );
    }

    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("kafka")]
    public async Task A_trace_goes_from_the_publisher_to_the_commit(string door)
    {
        await using var collector = new Collector();
        await using var stage = await Stage.SetAsync(servers);
        stage.Start($"--Ingest:Doors={door}", $"--OpenTelemetry:OtlpEndpoint={collector.Address}v1/traces");
        var (trace, span) = (ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom());
        var parent = $"00-{trace}-{span}-01";
        var body = CommandEncoder.Encode(Given.Register());

        if (door == "kafka")
        {
            await stage.Kafka.PublishAsync(
                new Confluent.Kafka.Message<byte[]?, byte[]?>
                {
                    Value = body,
                    Headers = new Confluent.Kafka.Headers { { "traceparent", Encoding.ASCII.GetBytes(parent) } },
                },
                0
            );
        }
        else
        {
            await stage.Rabbit.PublishAsync(
                [body],
                new BasicProperties { Headers = new Dictionary<string, object?> { ["traceparent"] = parent } }
            );
        }

        byte[] traceBytes = Convert.FromHexString(trace.ToHexString()),
            spanBytes = Convert.FromHexString(span.ToHexString());
        await Deadline.UntilAsync("the spans", TimeSpan.FromSeconds(30), () =>
            Task.FromResult(
                collector.Has("ingest batch"u8)
                    && collector.Has("ingest command"u8)
                    && collector.Has("accepted"u8)
                    && collector.Has(traceBytes)
                    && collector.Has(spanBytes)
            )
        );
    }

    [Fact]
    public async Task Parked_commands_are_listed_with_what_they_wait_for()
    {
        await using var database = await Store.Database.CreateAsync(servers);
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var (early, late) = (
            Given.Settle(1, 0) with
            {
                IssuedAt = CommandTime.Truncate(now),
            },
            Given.Deposit(5_00, 77) with
            {
                IssuedAt = CommandTime.Truncate(now),
            }
        );
        await database.ApplyAsync(early);
        await database.ApplyAsync(late);

        var (code, output) = await List();
        Assert.True(code == 0, output);
        Assert.Matches($"{early.Id}  settle-bet +waits for bet 1 since \\d+ s, until 20", output);
        Assert.Contains("2 commands wait", output, StringComparison.Ordinal);
        var first = (await List("--limit", "1")).Output;
        Assert.Contains("2 commands wait; the 1 oldest are listed, --limit N lists more", first, StringComparison.Ordinal);
        Assert.Contains($"{early.Id}", first, StringComparison.Ordinal);
        Assert.DoesNotContain($"{late.Id}", first, StringComparison.Ordinal);
        Assert.Contains(
            "\n1 commands wait\n",
            "\n" + (await List("--limit", "1", "--waits-for", "user", "--json")).Output,
            StringComparison.Ordinal
        );
        Assert.Contains("0 commands wait\n", (await List("--quarantined")).Output, StringComparison.Ordinal);
        var json = (await List("--json", "--waits-for", "user")).Output.Split('\n').Single(line => line.StartsWith('{'));
        var row = JsonDocument.Parse(json).RootElement;
        Assert.Equal(
            (late.Id, "user", 77, "deposit"),
            (
                row.GetProperty("id").GetGuid(),
                row.GetProperty("waitsFor").GetString(),
                row.GetProperty("waitsId").GetInt64(),
                row.GetProperty("command").GetProperty("kind").GetString()
            )
        );

        Task<(int ExitCode, string Output)> List(params string[] options) =>
            IngestProcess.RunAsync(
                servers.Folder,
                ["parked", "list", .. options, $"--Postgres:ConnectionString={database.ConnectionString}"]
            );
    }

    // The names in docs/ingest.md's table of metrics.
    static IEnumerable<string> Documented() =>
        DocumentedName()
            .Matches(File.ReadAllText(Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../docs/ingest.md"))))
            .Select(match => match.Groups[1].Value);

    [GeneratedRegex("^# TYPE (\\S+) ", RegexOptions.Multiline)]
    private static partial Regex Name();

    [GeneratedRegex("^\\| `(ingest_[a-z_]+)`", RegexOptions.Multiline)]
    private static partial Regex DocumentedName();

    /// <summary>Takes OTLP over HTTP and keeps the bytes; names and ids stand in them as they are.</summary>
    sealed class Collector : IAsyncDisposable
    {
        readonly HttpListener _listener = new();
        readonly MemoryStream _received = new();
        readonly Task _running;

        public Collector()
        {
            Address = $"http://127.0.0.1:{FreePort.Take()}/";
            _listener.Prefixes.Add(Address);
            _listener.Start();
            _running = RunAsync();
        }

        public string Address { get; }

        public bool Has(ReadOnlySpan<byte> bytes)
        {
            lock (_received)
            {
                return _received.ToArray().AsSpan().IndexOf(bytes) >= 0;
            }
        }

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _running;
            _listener.Close();
        }

        async Task RunAsync()
        {
            while (_listener.IsListening)
            {
                try
                {
                    var context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    lock (_received)
                    {
                        _received.Write(body.ToArray());
                    }
                    context.Response.ContentType = "application/x-protobuf";
                    context.Response.Close();
                }
                catch (Exception stopped) when (stopped is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
            }
        }
    }
}
