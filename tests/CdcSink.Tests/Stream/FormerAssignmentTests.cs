using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Worker;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

/// <summary>
/// What a replica has in hand ends when its partitions are given away. ClickHouse does not take one change, in partition 2 of its topic,
/// while replicas come and go: it holds up that partition's owner alone, whoever had it in hand before.
/// </summary>
public sealed class FormerAssignmentTests(Servers servers)
{
    const string Mark = "not-taken";
    const int Bets = 300,
        LeastRounds = 2,
        MostRounds = 12;

    // Each of the stream's five topics has three partitions. Of two replicas, one gets the partitions 0 and 1, the other one 2.
    const int All = 15,
        Others = 10;

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    // A change of a user or event with so many bets is joined beside the batches.
    static readonly string[] Settings =
    [
        "--CdcSink:MaxInlineJoinBets=100",
        "--CdcSink:JoinBets=50",
        "--CdcSink:RetryPause=00:00:01",
        "--CdcSink:LagEvery=00:00:00.500",
    ];

    readonly Made _made = new();

    [Theory]
    [InlineData("event_changes", 241)]
    [InlineData("event_changes", 243)]
    [InlineData("event_changes", null)]
    [InlineData("bets_analytics_rows", 241)]
    [InlineData("bets_analytics_rows", null)]
    public async Task A_change_that_ClickHouse_does_not_take_holds_up_the_owner_of_its_partition_alone_through_rebalances(
        string table,
        int? code
    )
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var isTaken = 0;
        await using var gate = new ClickHouseGate(
            sink.ConnectionString,
            request => code is null && IsStopped(request),
            request => IsStopped(request) ? code : null
        );
        var replicas = new List<Replica> { Start() };
        try
        {
            await stream.SendAsync([_made.Event(1), _made.Event(2), _made.User(1), _made.User(2)]);
            await Deadline.UntilAsync("users and events", Limit, () => stream.IsVisibleAsync(sink));
            await stream.SendAsync([.. BetsFrom(1, user: 1, @event: 2), .. BetsFrom(Bets + 1, user: 2, @event: 1)]);
            await Deadline.UntilAsync("bets", Limit, () => stream.IsVisibleAsync(sink));
            await stream.SendAsync([
                _made.Event(
                    2,
                    $"\"name\":\"{Mark}\",\"category\":\"football\",\"start_time\":\"2026-02-01T00:00:00.000000Z\",\"status\":\"LIVE\"",
                    "u",
                    partition: 2
                ),
            ]);

            var isMoved = false;
            for (var round = 1; round <= LeastRounds || !isMoved; round++)
            {
                Assert.True(round <= MostRounds, "the change never went to the replica that came");
                isMoved = await RebalanceAsync(round);
            }
            Volatile.Write(ref isTaken, 1);

            await Deadline.UntilAsync("everything", Limit, () => stream.IsVisibleAsync(sink));
            Assert.Equal([$"{Bets}"], await sink.QueryAsync($"SELECT count() FROM bets_analytics WHERE event_name = '{Mark}'"));
            var last = replicas.Single();
            await last.StopAsync();
            var said = KafkaStream.Said(last.Process);
            Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
            // 243 is an outage for as long as the change is in hand; no cancellation is one.
            Assert.Equal(code == 243, said.Contains("does not serve", StringComparison.Ordinal));
        }
        finally
        {
            foreach (var replica in replicas)
            {
                await replica.Worker.DisposeAsync();
            }
        }

        // The replica that has everything, with the change in hand, is joined by another one. The owner of the change's partition stops.
        async Task<bool> RebalanceAsync(int round)
        {
            var (former, stopped) = (replicas.Single(), gate.Stopped);
            await Deadline.UntilAsync("the change in hand", Limit, async () =>
                await former.PartitionsAsync() == All && gate.Stopped > stopped
            );
            var joined = Start();
            replicas.Add(joined);
            await Deadline.UntilAsync("partitions of both", Limit, async () =>
                await former.PartitionsAsync() is > 0 and var some
                && await joined.PartitionsAsync() is > 0 and var rest
                && some + rest == All
            );
            var (owner, other) = await former.PartitionsAsync() == Others ? (joined, former) : (former, joined);

            await stream.SendAsync([
                _made.User(2, $"\"name\":\"round {round}\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"", "u"),
                .. Enumerable.Range(0, 10).Select(n => _made.Bet(10_000 + round * 100 + n, Made.Columns(), partition: n % 2)),
            ]);

            await Deadline.UntilAsync($"what came in the other partitions, round {round}", Limit, async () =>
                await sink.QueryAsync($"SELECT countIf(bet_id >= 10000), countIf(user_name = 'round {round}') FROM bets_analytics")
                    is [var rows]
                && rows == $"{round * 10}|{Bets}"
                && await ReachedAsync("users", 0) == 2 + round
            );
            await Deadline.UntilAsync("the other one ready", Limit, async () =>
                await other.Worker.StatusAsync("/health/ready") == System.Net.HttpStatusCode.OK
            );
            Assert.Equal(0, await ReachedAsync("events", 2));
            await owner.StopAsync();
            replicas.Remove(owner);
            await owner.Worker.DisposeAsync();
            return other == former;
        }

        bool IsStopped(string request) =>
            Volatile.Read(ref isTaken) == 0
            && request.Replace('+', ' ').Contains($"INSERT INTO {table} ", StringComparison.Ordinal)
            && request.Contains(Mark, StringComparison.Ordinal);

        Replica Start()
        {
            var (setting, address) = SinkProcess.Listening();
            var started = stream.StartWorker(gate.ConnectionString, [.. Settings, setting]);
            return new Replica(started, new SinkProcess(started, address));
        }

        async Task<long> ReachedAsync(string topic, int partition) =>
            long.Parse(
                (
                    await sink.QueryAsync(
                        $"SELECT max(next_offset) FROM sink_progress WHERE topic = "
                            + $"'{stream.Prefix}.public.{topic}' AND partition = {partition}"
                    )
                )[0],
                System.Globalization.CultureInfo.InvariantCulture
            );
    }

    IEnumerable<StreamRecord> BetsFrom(int first, int user, int @event) =>
        Enumerable
            .Range(first, Bets)
            .Select(id => _made.Bet(id, Made.Columns($"\"user_id\":{user}", $"\"event_id\":{@event}"), partition: id % 3));

    sealed record Replica(EngineProcess Process, SinkProcess Worker)
    {
        public async Task<double> PartitionsAsync()
        {
            try
            {
                return await Worker.MetricAsync("worker_kafka_partitions") ?? 0;
            }
            catch (HttpRequestException)
            {
                // It has not begun to listen.
                return 0;
            }
        }

        public async Task StopAsync()
        {
            await Process.StopAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(0, Process.ExitCode);
        }
    }
}
