using Betting.Local.Cluster;
using Betting.Local.Cluster.Proof;
using Betting.Local.Engines;
using ClickHouse.Driver.ADO.Parameters;
using Dapper;
using Xunit;

namespace Betting.Tests.Cluster;

[Collection(ClusterCollection.Name)]
[Trait("Category", "real")]
public sealed class TrafficTests(RunningCluster running)
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    static int _shift;

    [Fact]
    public async Task Every_invariant_holds_after_traffic_through_both_doors()
    {
        var (invariants, traffic) = await AfterTrafficAsync(300, commands: 4_000, _ => Task.CompletedTask);

        Assert.All(invariants, invariant => Assert.True(invariant.Holds, $"{invariant.Name}: {invariant.Detail}"));
        Assert.True(traffic.Published.Duplicates > 0 && traffic.Published.Malformed > 0, "the traffic has to hold what it tests");
        var (code, output) = await running.Cluster.ReconcileAsync();
        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task Every_invariant_holds_after_each_worker_was_killed_at_random_under_traffic()
    {
        var random = new Random(20261122);
        var (invariants, _) = await AfterTrafficAsync(200, commands: 6_000, async traffic =>
        {
            var victims = running.Cluster.Workers.Concat(running.Cluster.Workers).OrderBy(_ => random.Next()).ToList();
            foreach (var victim in victims)
            {
                var (restarts, goal) = (victim.Restarts, traffic.Published.Messages + random.Next(100, 500));
                await Deadline.UntilAsync("more traffic", TimeSpan.FromSeconds(60), () =>
                    Task.FromResult(traffic.Published.Messages >= goal)
                );
                victim.Kill();
                await Deadline.UntilAsync("its restart", TimeSpan.FromSeconds(60), () => Task.FromResult(victim.Restarts > restarts));
            }
        });

        Assert.All(invariants, invariant => Assert.True(invariant.Holds, $"{invariant.Name}: {invariant.Detail}"));
        Assert.All(running.Cluster.Workers, worker => Assert.True(worker.Restarts >= 2, worker.Name + " was not killed twice"));
        await running.Cluster.WorkersAreReadyAsync(TimeSpan.FromSeconds(60));
        var (code, output) = await running.Cluster.ReconcileAsync();
        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task Every_invariant_holds_after_each_engine_and_the_capture_were_killed_under_traffic()
    {
        var engines = running.Cluster.Engines;
        (string Name, Func<Task> KillAsync)[] victims =
        [
            ("Redis", engines.Redis.KillAsync),
            ("RabbitMQ", engines.Rabbit.KillAsync),
            ("PostgreSQL", engines.Postgres.KillAsync),
            ("ClickHouse", engines.ClickHouse.KillAsync),
        ];
        var (invariants, _) = await AfterTrafficAsync(200, commands: 4_000, async traffic =>
        {
            foreach (var (name, killAsync) in victims)
            {
                var (before, goal) = (ProcessId(name), traffic.Published.Messages + 300);
                await Deadline.UntilAsync("more traffic", TimeSpan.FromSeconds(60), () =>
                    Task.FromResult(traffic.Published.Messages >= goal)
                );
                await killAsync();
                await Deadline.UntilAsync($"{name}'s restart", TimeSpan.FromSeconds(120), () => Task.FromResult(ProcessId(name) != before));
            }
            running.Cluster.KillCapture();
        });

        Assert.All(invariants, invariant => Assert.True(invariant.Holds, $"{invariant.Name}: {invariant.Detail}"));
        await running.Cluster.WorkersAreReadyAsync(TimeSpan.FromSeconds(120));
        var (code, output) = await running.Cluster.ReconcileAsync();
        Assert.True(code == 0, output);
    }

    int ProcessId(string member) => running.Cluster.Members().Single(each => each.Name == member).ProcessId;

    [Fact]
    public async Task The_proof_sees_a_cent_too_much_in_a_wallet_and_a_row_that_only_ClickHouse_changed()
    {
        var cluster = running.Cluster;
        await AfterTrafficAsync(200, commands: 500, _ => Task.CompletedTask);
        var proof = new ClusterProof(cluster, TimeSpan.FromSeconds(3));
        await proof.BeginAsync();
        await using var postgres = await cluster.Postgres.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var user = await postgres.ExecuteScalarAsync<long>(
            "UPDATE wallets SET balance = balance + 0.01 WHERE user_id = (SELECT min(user_id) FROM wallets) RETURNING user_id"
        );
        var bet = await postgres.ExecuteScalarAsync<long>("SELECT min(id) FROM bets");
        var name = (string)(await cluster.ClickHouse.ExecuteScalarAsync($"SELECT user_name FROM bets_analytics WHERE bet_id = {bet}"))!;
        await PlantAsync(bet, "planted");

        var broken = (await proof.CheckAsync(0, 0)).Where(invariant => !invariant.Holds).Select(invariant => invariant.Name).ToList();

        await postgres.ExecuteAsync("UPDATE wallets SET balance = balance - 0.01 WHERE user_id = @user", new { user });
        await PlantAsync(bet, name);
        Assert.Equal(["each wallet equals its ledger", "PostgreSQL = ClickHouse, row for row"], broken);
    }

    // Above what the sink wrote, so that it is seen; the repair comes above that again.
    Task<int> PlantAsync(long bet, string name) =>
        running.Cluster.ClickHouse.ExecuteNonQueryAsync(
            "INSERT INTO bets_analytics_rows SELECT * REPLACE ({name:String} AS user_name, version + 1 AS version) FROM "
                + "bets_analytics_rows FINAL WHERE bet_id = {bet:Int64}",
            new ClickHouseParameterCollection
            {
                new ClickHouseDbParameter { ParameterName = "name", Value = name },
                new ClickHouseDbParameter { ParameterName = "bet", Value = bet },
            }
        );

    async Task<(IReadOnlyList<Invariant> Invariants, LiveTraffic Traffic)> AfterTrafficAsync(
        double rate,
        long commands,
        Func<LiveTraffic, Task> meanwhile
    )
    {
        var proof = new ClusterProof(running.Cluster, Patience);
        await proof.BeginAsync();
        await using var traffic = new LiveTraffic(running.Cluster, rate, shift: Interlocked.Increment(ref _shift));
        await meanwhile(traffic);
        await Deadline.UntilAsync("the traffic", TimeSpan.FromMinutes(3), () => Task.FromResult(traffic.Published.Messages >= commands));
        await traffic.StopAsync();
        Assert.True(await proof.ArrivedAsync(traffic.Published.Commands, traffic.Published.Malformed), "not every command has its outcome");
        return (await proof.CheckAsync(traffic.Published.Commands, traffic.Published.Malformed), traffic);
    }
}
