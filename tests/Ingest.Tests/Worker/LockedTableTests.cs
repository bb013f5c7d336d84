using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Npgsql;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Somebody holds a lock that every batch needs: nothing is applied, and the worker says so before it has halved its batch to one command.
/// </summary>
public sealed class LockedTableTests(Servers servers)
{
    [Fact]
    public async Task A_door_that_stands_behind_a_locked_table_is_not_ready_and_goes_on_when_the_lock_is_gone()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=kafka");
        await worker.ReadyAsync();
        await using (var holder = await stage.Postgres.OpenConnectionAsync())
        await using (var transaction = await holder.BeginTransactionAsync())
        {
            await using var take = new NpgsqlCommand("LOCK TABLE ledger_entries IN ACCESS EXCLUSIVE MODE", holder, transaction);
            await take.ExecuteNonQueryAsync();
            BetCommand[] commands =
            [
                .. Enumerable.Range(1, 400).SelectMany(user => new BetCommand[] { Given.Register(user), Given.Deposit(1000, user) }),
            ];
            await stage.Kafka.PublishAsync(Stage.Encoded(commands));

            await Deadline.UntilAsync("a door that says that it stands", TimeSpan.FromSeconds(60), async () =>
                (await worker.BodyAsync("/health/ready")).Contains("TooMuch", StringComparison.Ordinal)
            );
            Assert.True(await worker.MetricAsync("worker_store_away_seconds", "store=\"PostgreSQL\"") > 0);
            await transaction.RollbackAsync();
            await stage.AppliedAsync(commands);
        }
        await worker.ReadyAsync();
    }
}
