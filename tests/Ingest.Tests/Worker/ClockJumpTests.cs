using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Postgres;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Worker;

/// <summary>The worker as a process while PostgreSQL's clock is set wrong for some seconds.</summary>
public sealed class ClockJumpTests(Servers servers)
{
    [Theory]
    [InlineData(-7_200)]
    [InlineData(86_400)]
    public async Task Commands_of_both_doors_and_parked_ones_wait_until_PostgreSQLs_clock_is_right_again_and_none_is_rejected(int seconds)
    {
        const int Deposits = 200,
            Parked = 50;
        await using var stage = await Stage.SetAsync(servers);
        // The function must be there before the worker prepares its statements.
        await ServerClock.SetAsync(stage.Postgres, TimeSpan.Zero);
        var worker = stage.Start(
            $"{stage.Settings[0]};Search Path={ServerClock.SearchPath}",
            "--Ingest:MaxIssuedAhead=00:05:00",
            "--Ingest:ParkedEvery=00:00:00.1"
        );
        await worker.ReadyAsync();
        BetCommand[] before =
        [
            .. Issued([Given.Register(), Given.Deposit(Parked * 100), .. Enumerable.Range(1, Parked).Select(bet => Given.Settle(bet, 0))]),
        ];
        await stage.Kafka.PublishAsync(Stage.Encoded(before));
        await stage.AppliedAsync(before);

        await ServerClock.SetAsync(stage.Postgres, TimeSpan.FromSeconds(seconds));
        BetCommand[] meanwhile = [.. Issued(Enumerable.Range(0, Deposits).Select(_ => Given.Deposit(1_00)))];
        await stage.Kafka.PublishAsync(Stage.Encoded(meanwhile[..(Deposits / 2)]));
        await stage.Rabbit.PublishAsync(Stage.Encoded(meanwhile[(Deposits / 2)..]));
        await Deadline.UntilAsync("some seconds of doubt", TimeSpan.FromSeconds(60), async () =>
            await worker.MetricAsync("ingest_clock_doubted_seconds") > 4
        );

        Assert.Contains(
            $"PostgreSQL's clock jumped by {(seconds < 0 ? "-" : "+")}",
            await worker.BodyAsync("/health/ready"),
            StringComparison.Ordinal
        );
        Assert.True(await worker.MetricAsync("ingest_clock_jumps_total") > 0);
        Assert.True(await worker.MetricAsync("ingest_retries_total", "door=\"rabbitmq\"", "class=\"unavailable\"") > 0);
        Assert.True(await worker.MetricAsync("ingest_retries_total", "door=\"kafka\"", "class=\"unavailable\"") > 0);
        Assert.Single(worker.Log.Split('\n'), line =>
            line.Contains("no batch is decided and no parked command rejected", StringComparison.Ordinal)
        );
        Assert.Equal(before.Length, await stage.CountAsync("SELECT count(*) FROM commands"));
        Assert.Equal(Parked, await stage.CountAsync("SELECT count(*) FROM parked_commands"));

        await ServerClock.SetAsync(stage.Postgres, TimeSpan.Zero);
        await stage.AppliedAsync(meanwhile);
        await worker.ReadyAsync();
        BetCommand[] bets = [.. Issued([Given.Schedule(), .. Enumerable.Range(1, Parked).Select(bet => Given.Place(bet, 1_00))])];
        await stage.Kafka.PublishAsync(Stage.Encoded(bets));
        await stage.AppliedAsync(bets);

        Assert.Equal(0, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome <> 'accepted'"));
        Assert.Equal(Deposits, await stage.CountAsync("SELECT balance::bigint FROM wallets"));
        Assert.Equal(Parked, await stage.CountAsync("SELECT count(*) FROM bets WHERE status = 'SETTLED'"));
        Assert.Equal(0, stage.Kafka.DeadLetterCount());
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
        Assert.Contains(worker.Log.Split('\n'), line => line.Contains("PostgreSQL's clock is trusted again", StringComparison.Ordinal));
        Assert.Equal(0, await worker.MetricAsync("ingest_clock_doubted_seconds"));
        await Invariants.HoldAsync(stage.Postgres);
        Assert.Equal(0, await worker.StopAsync());
    }

    static IEnumerable<BetCommand> Issued(IEnumerable<BetCommand> commands)
    {
        var now = CommandTime.Truncate(TimeProvider.System.GetUtcNow().UtcDateTime);
        return commands.Select(command => command with { IssuedAt = now });
    }
}
