using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;
using Betting.Tests.Ingest.Worker;

namespace Betting.Tests.Ingest.Proof;

/// <summary>kill -9 of the worker and of PostgreSQL while a release of many parts is under way.</summary>
public sealed class ReleaseKillTests(Servers servers)
{
    const int Waiting = 4_000,
        Affordable = 2_500;

    [Fact]
    public async Task Killed_between_two_parts_a_release_goes_on_where_it_was_and_nothing_overtakes_it()
    {
        await using var postgres = new PostgresServer(
            Directory.CreateDirectory(Path.Combine(servers.Folder, "release-kills")).FullName,
            FreePort.Take()
        );
        await postgres.StartAsync();
        await using var stage = await Stage.SetAsync(servers, postgres);
        var worker = stage.Start("--Ingest:ReleaseSize=10");
        var bets = Enumerable
            .Range(1, Waiting)
            .Select(bet => Given.Place(bet, 1_00) with { IssuedAt = Given.Now.AddSeconds(bet) })
            .ToArray();
        await stage.Kafka.PublishAsync(Stage.Encoded([Given.Register(), Given.Deposit(Affordable * 100), .. bets.Reverse()]));
        await Deadline.UntilAsync("the parked bets", TimeSpan.FromSeconds(60), async () => await ParkedAsync(stage) == Waiting);

        // All the money belongs to the bets that were issued first, so a withdrawal that came in between would take it from them.
        var withdrawals = new List<BetCommand>();
        await stage.Kafka.PublishAsync(Stage.Encoded([Given.Schedule()]));
        var interrupted = 0;
        for (var kill = 1; kill <= 6; kill++)
        {
            var enough = Waiting - (kill * Waiting / 8);
            await Deadline.UntilAsync($"parts before kill {kill}", TimeSpan.FromSeconds(60), async () =>
                await ParkedAsync(stage) is var left && left >= 0 && left <= enough
            );
            if (kill % 3 == 0)
            {
                await postgres.KillAsync();
                await postgres.StartAsync();
                await Deadline.UntilAsync("a count", TimeSpan.FromSeconds(20), async () => await ParkedAsync(stage) >= 0);
            }
            else
            {
                await worker.KillAsync();
                worker = stage.Start("--Ingest:ReleaseSize=10");
            }
            interrupted += await ParkedAsync(stage) > 0 ? 1 : 0;
            withdrawals.Add(Given.Withdraw(1));
            await stage.Kafka.PublishAsync(Stage.Encoded([withdrawals[^1]]));
        }
        await stage.AppliedAsync([.. bets, .. withdrawals]);
        await Deadline.UntilAsync("the end of the release", TimeSpan.FromSeconds(60), async () =>
            await stage.CountAsync("SELECT count(*) FROM releases") == 0
        );

        Assert.Equal(6, interrupted);
        Assert.Equal(0, await ParkedAsync(stage));
        Assert.Equal(Affordable, await stage.CountAsync("SELECT count(*) FROM bets WHERE status = 'OPEN'"));
        Assert.Equal(Affordable, await stage.CountAsync("SELECT max(id) FROM bets"));
        Assert.Equal(
            Waiting - Affordable,
            await stage.CountAsync("SELECT count(*) FROM commands WHERE kind = 'place-bet' AND reason = 'insufficient-funds'")
        );
        Assert.Equal(
            withdrawals.Count,
            await stage.CountAsync("SELECT count(*) FROM commands WHERE kind = 'withdraw' AND reason = 'insufficient-funds'")
        );
        Assert.InRange(
            await stage.CountAsync("SELECT max(n) FROM (SELECT count(*) AS n FROM commands WHERE kind = 'place-bet' GROUP BY xmin) x"),
            2,
            10
        );
        await Invariants.HoldAsync(stage.Postgres);
    }

    // −1 while PostgreSQL is away.
    static async Task<long> ParkedAsync(Stage stage)
    {
        try
        {
            return await stage.CountAsync("SELECT count(*) FROM parked_commands");
        }
        catch (Npgsql.NpgsqlException)
        {
            return -1;
        }
    }
}
