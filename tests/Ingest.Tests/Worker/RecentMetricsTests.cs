using System.Diagnostics.Metrics;
using Betting.Ingest;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.Time.Testing;

namespace Betting.Tests.Ingest.Worker;

/// <summary>A replica that is cut off from a store does not go on telling what that store said: alerts compare the replicas.</summary>
public sealed class RecentMetricsTests(Servers servers)
{
    static readonly string[] OfBrokers =
    [
        "ingest.queue.depth",
        "ingest.queue.standing",
        "ingest.kafka.partition.standing",
        "ingest.dead_letters.waiting",
    ];

    static readonly string[] OfPostgres =
    [
        "ingest.parked",
        "ingest.parked.age",
        "ingest.parked.quarantined",
        "ingest.clock.ahead",
        "ingest.clock.doubted",
    ];

    [Fact]
    public void A_gauge_of_a_store_is_there_from_the_first_look_until_the_last_one_is_too_old()
    {
        var clock = new FakeTimeProvider();
        using var page = new Page(clock);
        Assert.Empty(page.Gauges([.. OfBrokers, .. OfPostgres, "ingest.in_flight.age"]));

        page.Metrics.Queue("kafka", 3);
        page.Metrics.QueueStands("kafka", TimeSpan.Zero);
        page.Metrics.PartitionsStand(new Dictionary<int, TimeSpan> { [0] = TimeSpan.FromSeconds(20) });
        page.Metrics.DeadLettersWaiting("rabbitmq", 1);
        page.Metrics.Parked(4, TimeSpan.FromSeconds(5), 2);
        page.Metrics.ClockAhead(TimeSpan.Zero);
        page.Metrics.ClockDoubted(TimeSpan.Zero);
        page.Metrics.InFlight("kafka", TimeSpan.FromSeconds(9));
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal([.. OfBrokers.Order(), .. OfPostgres.Order()], [.. page.Gauges(OfBrokers), .. page.Gauges(OfPostgres)]);

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(page.Gauges(OfBrokers));
        clock.Advance(TimeSpan.FromSeconds(149));
        Assert.Equal(OfPostgres.Order(), page.Gauges(OfPostgres));

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(page.Gauges(OfPostgres));
        // What it has in flight, no store has to tell.
        Assert.Single(page.Gauges(["ingest.in_flight.age"]));
    }

    [Fact]
    public async Task A_replica_without_brokers_tells_nothing_of_their_queues_and_is_not_absent()
    {
        var folder = Directory.CreateDirectory(Path.Combine(servers.Folder, "cut-off")).FullName;
        await using var rabbit = new RabbitServer(folder, FreePort.Take());
        await rabbit.StartAsync();
        await using var stage = await Stage.SetAsync(servers, rabbit: rabbit);
        var worker = stage.Start();
        await stage.Rabbit.PublishAsync(["no command"u8.ToArray()]);
        await Deadline.UntilAsync("a letter", TimeSpan.FromSeconds(60), async () =>
            await worker.MetricAsync("ingest_dead_letters_waiting", "door=\"rabbitmq\"") == 1
        );
        string[] ofBrokers = ["ingest_queue_depth{", "ingest_queue_standing_seconds{", "ingest_dead_letters_waiting{"];
        await Deadline.UntilAsync("all of both doors", TimeSpan.FromSeconds(60), async () => (await SeriesAsync(ofBrokers)).Count == 5);

        await rabbit.StopAsync();
        await stage.Kafka.DownAsync();

        await Deadline.UntilAsync("nothing of the brokers", TimeSpan.FromSeconds(90), async () =>
            (await SeriesAsync(ofBrokers)).Count == 0
        );
        Assert.Equal(4, (await SeriesAsync("ingest_in_flight_age_seconds{", "ingest_dead_letters_table_total{")).Count);
        Assert.Single(await SeriesAsync("ingest_parked{"));

        await rabbit.StartAsync();
        await stage.Kafka.UpAsync();
        await Deadline.UntilAsync("all of both doors again", TimeSpan.FromSeconds(90), async () =>
            (await SeriesAsync(ofBrokers)).Count == 5
        );
        Assert.Equal(1, await worker.MetricAsync("ingest_dead_letters_waiting", "door=\"rabbitmq\""));

        async Task<List<string>> SeriesAsync(params string[] names) =>
            [
                .. (await worker.BodyAsync("/metrics"))
                    .Split('\n')
                    .Where(line => names.Any(name => line.StartsWith(name, StringComparison.Ordinal))),
            ];
    }

    /// <summary>The gauges of one <see cref="IngestMetrics"/>; other tests have theirs in the same process.</summary>
    sealed class Page : IDisposable
    {
        readonly MeterListener _listener = new();
        readonly List<string> _read = [];

        public Page(TimeProvider clock)
        {
            var (thread, isMine) = (Environment.CurrentManagedThreadId, false);
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                // An instrument is published on the thread that creates it.
                if (Volatile.Read(ref isMine) && Environment.CurrentManagedThreadId == thread && instrument.IsObservable)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, _, _, _) => _read.Add(instrument.Name));
            _listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => _read.Add(instrument.Name));
            _listener.Start();
            Volatile.Write(ref isMine, true);
            Metrics = new IngestMetrics(clock);
            Volatile.Write(ref isMine, false);
        }

        public IngestMetrics Metrics { get; }

        /// <summary>Which of these gauges have a value now, sorted.</summary>
        public IReadOnlyList<string> Gauges(IReadOnlyCollection<string> names)
        {
            _read.Clear();
            _listener.RecordObservableInstruments();
            return [.. _read.Where(names.Contains).Order()];
        }

        public void Dispose()
        {
            _listener.Dispose();
            Metrics.Dispose();
        }
    }
}
