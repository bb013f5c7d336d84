using System.Net;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Messages;
using Betting.Ingest.Postgres;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Postgres;
using Betting.Tests.Ingest.Proof;
using Betting.Tests.Ingest.Store;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Tests.Ingest.Worker;

/// <summary>The worker as a process: parked commands, PostgreSQL's clock, and a stop while PostgreSQL does not answer.</summary>
public sealed class ParkedLoopTests(Servers servers)
{
    [Fact]
    public async Task Asked_to_stop_while_a_look_at_parked_commands_waits_for_a_lock_the_worker_ends_with_0_and_no_complaint()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:ParkedEvery=00:00:00.1");
        await worker.ReadyAsync();
        await using var slow = await stage.Postgres.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var lockAll = await slow.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var command = new NpgsqlCommand("LOCK TABLE parked_commands IN ACCESS EXCLUSIVE MODE", slow, lockAll))
        {
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        await Deadline.UntilAsync("a look that waits", TimeSpan.FromSeconds(30), async () =>
            await ScalarAsync(stage, "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'parked_commands'::regclass") > 0
        );

        await EndsInPeaceAsync(worker);
    }

    [Fact]
    public async Task Asked_to_stop_while_PostgreSQL_hangs_the_worker_ends_with_0_and_no_complaint()
    {
        await using var postgres = new PostgresServer(
            Directory.CreateDirectory(Path.Combine(servers.Folder, "hangs")).FullName,
            FreePort.Take()
        );
        await postgres.StartAsync();
        await using var stage = await Stage.SetAsync(servers, postgres);
        var worker = stage.Start("--Ingest:ParkedEvery=00:00:00.1");
        await worker.ReadyAsync();
        ProcessTree.Send(postgres.ProcessId, "STOP");
        try
        {
            await Task.WhenAll(
                stage.Rabbit.PublishAsync(Stage.Encoded([Given.Deposit(1)])),
                stage.Kafka.PublishAsync(Stage.Encoded([Given.Deposit(1)]))
            );
            await Deadline.UntilAsync("an unready worker", TimeSpan.FromSeconds(30), async () =>
                await worker.StatusAsync("/health/ready") == HttpStatusCode.ServiceUnavailable
            );

            await EndsInPeaceAsync(worker);
        }
        finally
        {
            ProcessTree.Send(postgres.ProcessId, "CONT");
        }
    }

    [Fact]
    public async Task A_parked_row_of_an_unknown_kind_is_reported_once_and_the_registration_that_it_waits_for_is_accepted()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:ParkedEvery=00:00:00.1");
        BetCommand[] early = [Given.Deposit(3_00), Given.Deposit(2_00)];
        await stage.Rabbit.PublishAsync(Stage.Encoded(early));
        await stage.AppliedAsync(early);
        await ScalarAsync(
            stage,
            $"WITH u AS (UPDATE parked_commands SET command = replace(command, 'deposit', 'refund-bet') WHERE "
                + $"command_id = '{early[0].Id}' RETURNING 1) SELECT count(*) FROM u"
        );

        await stage.Kafka.PublishAsync(Stage.Encoded([Given.Register()]));
        await Deadline.UntilAsync("a report", TimeSpan.FromSeconds(60), async () =>
            await worker.MetricAsync("ingest_parked_quarantined") == 1
        );
        await stage.Kafka.PublishAsync(Stage.Encoded([Given.Deposit(1_00)]));
        await Deadline.UntilAsync("the others", TimeSpan.FromSeconds(60), async () =>
            await ScalarAsync(stage, "SELECT sum(balance)::bigint FROM wallets") == 3
        );

        Assert.Equal(0, stage.Kafka.DeadLetterCount());
        Assert.Single(worker.Log.Split('\n'), line =>
            line.Contains("cannot be released", StringComparison.Ordinal) && line.Contains(early[0].Id.ToString(), StringComparison.Ordinal)
        );
        var (code, output) = await IngestProcess.RunAsync(stage.Folder, "parked", "list", "--quarantined", stage.Settings[0]);
        Assert.Equal(0, code);
        Assert.Contains("refund-bet", output, StringComparison.Ordinal);

        await ScalarAsync(
            stage,
            "WITH u AS (UPDATE parked_commands SET command = replace(command, 'refund-bet', 'deposit') RETURNING 1) SELECT count(*) FROM u"
        );
        (code, output) = await IngestProcess.RunAsync(stage.Folder, "parked", "retry", "--id", early[0].Id.ToString(), stage.Settings[0]);
        Assert.Equal(0, code);
        await Deadline.UntilAsync("the one that was quarantined", TimeSpan.FromSeconds(60), async () =>
            await ScalarAsync(stage, "SELECT sum(balance)::bigint FROM wallets") == 6
        );
        await Invariants.HoldAsync(stage.Postgres);
    }

    [Theory]
    [InlineData(360)]
    [InlineData(-360)]
    public async Task A_replica_whose_clock_differs_from_PostgreSQLs_says_so_and_is_not_ready(int seconds)
    {
        await using var stage = await Stage.SetAsync(servers);
        await ServerClock.SetAsync(stage.Postgres, TimeSpan.FromSeconds(seconds));

        var worker = stage.Start($"{stage.Settings[0]};Search Path={ServerClock.SearchPath}");
        await Deadline.UntilAsync("unreadiness", TimeSpan.FromSeconds(60), async () =>
            (await worker.BodyAsync("/health/ready")).Contains("from PostgreSQL's clock", StringComparison.Ordinal)
        );

        Assert.InRange(await worker.MetricAsync("ingest_clock_ahead_seconds"), -seconds - 5, -seconds + 5);
        Assert.Single(worker.Log.Split('\n'), line => line.Contains("ahead of PostgreSQL's, more than 5 s", StringComparison.Ordinal));
        Assert.Equal(0, await worker.StopAsync());
    }

    [Fact]
    public async Task An_event_is_finished_within_seconds_while_two_replicas_with_two_doors_each_place_bets_on_it()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var source = NpgsqlDataSource.Create(stage.Settings[0].Split('=', 2)[1]);
        using var metrics = new IngestMetrics(TimeProvider.System);
        var options = Options.Create(new IngestOptions { MaxIssuedAhead = TimeSpan.FromDays(365) });
        var another = new BatchTransaction(
            source,
            Database.Of(source),
            options,
            new CheckedClock(options, metrics, TimeProvider.System),
            metrics,
            TimeProvider.System
        );
        var users = Enumerable.Range(1, 20).SelectMany(user => new BetCommand[] { Given.Register(user), Given.Deposit(1_000_00, user) });
        await Traffic.UntilCommittedAsync(() =>
            another.ApplyAsync([.. users.Append(Given.Schedule()).Select(command => new HashedCommand(command))], CancellationToken.None)
        );
        await ScalarAsync(
            stage,
            """
            CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END $$;
            CREATE TRIGGER dawdle AFTER INSERT ON bets FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
            SELECT 1::bigint
            """
        );
        BetCommand[] bets = [.. Enumerable.Range(1, 4_000).Select(bet => Given.Place(bet, 1, 1 + (bet % 20)))];
        await Task.WhenAll(stage.Rabbit.PublishAsync(Stage.Encoded(bets[..2_000])), stage.Kafka.PublishAsync(Stage.Encoded(bets[2_000..])));
        string[] small = ["--Ingest:BatchSize=5"];
        stage.Start(small);
        stage.Start(small);
        await Deadline.UntilAsync("bets of several doors", TimeSpan.FromSeconds(60), async () =>
            await ScalarAsync(stage, "SELECT count(*) FROM bets") > 50
        );

        var finished = Traffic.UntilCommittedAsync(() =>
            another.ApplyAsync([new HashedCommand(Given.Status(EventStatus.Finished))], CancellationToken.None)
        );
        await finished.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);

        var placed = await ScalarAsync(stage, "SELECT count(*) FROM bets");
        TestContext.Current.TestOutputHelper!.WriteLine($"{placed} of {bets.Length} bets were placed before");
        Assert.InRange(placed, 1, bets.Length - 1);
        await stage.AppliedAsync(bets);
        Assert.Equal(
            bets.Length - await ScalarAsync(stage, "SELECT count(*) FROM bets"),
            await ScalarAsync(stage, $"SELECT count(*) FROM commands WHERE reason = '{Reasons.EventFinished}'")
        );
        await Invariants.HoldAsync(stage.Postgres);
    }

    static async Task EndsInPeaceAsync(IngestProcess worker)
    {
        var said = worker.Log.Length;
        Assert.Equal(0, await worker.StopAsync());
        var last = worker.Log[said..];
        TestContext.Current.TestOutputHelper!.WriteLine(last);
        Assert.DoesNotContain("Exception", last, StringComparison.Ordinal);
        Assert.DoesNotContain("FTL", last, StringComparison.Ordinal);
        Assert.DoesNotContain("ERR", last, StringComparison.Ordinal);
    }

    static async Task<long> ScalarAsync(Stage stage, string sql)
    {
        await using var command = stage.Postgres.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
