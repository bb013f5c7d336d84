using System.Diagnostics;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;
using Npgsql;

namespace Betting.Tests.Ingest.Parking;

/// <summary>An event on which bets are placed without a pause is finished all the same.</summary>
public sealed class HotEventTests(Servers servers)
{
    const int Placers = 8;
    static readonly IngestOptions AnyIssuedAt = new() { MaxIssuedAhead = TimeSpan.FromDays(365) };

    [Fact]
    public async Task An_event_is_finished_within_a_bounded_time_while_eight_placers_leave_it_never_free()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await database.ApplyAsync([
            .. Enumerable.Range(1, Placers).SelectMany(user => new BetCommand[] { Given.Register(user), Given.Deposit(1_000_00, user) }),
            Given.Schedule(),
            Given.Schedule(9),
        ]);
        // Each transaction holds the event for a while, and there are always several that do.
        await database.ExecuteAsync(
            """
            CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END $$;
            CREATE TRIGGER dawdle AFTER INSERT ON bets FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
            """
        );
        using var over = new CancellationTokenSource();
        var (bets, together, most) = (0, 0, 0);
        var placers = Enumerable
            .Range(1, Placers)
            .Select(user =>
                Task.Run(async () =>
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(100.0 / Placers * user), TimeProvider.System);
                    while (!over.IsCancellationRequested)
                    {
                        InterlockedMax(ref most, Interlocked.Increment(ref together));
                        var outcomes = await database.ApplyAsync(Given.Place(Interlocked.Increment(ref bets), 1, user));
                        Interlocked.Decrement(ref together);
                        if (outcomes[0].Reason == Reasons.EventFinished)
                        {
                            return;
                        }
                    }
                })
            )
            .ToArray();
        await Deadline.UntilAsync("bets", TimeSpan.FromSeconds(30), () => Task.FromResult(Volatile.Read(ref bets) > 3 * Placers));

        var waited = Stopwatch.StartNew();
        Assert.Equal(
            [Outcome.Accepted],
            await database.ApplyAsync(Given.Status(EventStatus.Finished)).WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System)
        );
        waited.Stop();
        await Task.WhenAll(placers).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        await over.CancelAsync();

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"finished after {waited.Elapsed.TotalMilliseconds:F0} ms, {most} placers at once, {bets} bets"
        );
        // Bets on one event are placed side by side.
        Assert.True(most > Placers / 2);
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_row_lock_alone_is_passed_by_later_placers_and_the_queue_before_it_is_not()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await database.ApplyAsync(Given.Schedule());
        await using var placing = await Session.BeginAsync(database, "SELECT FROM events WHERE id = 8 FOR SHARE");
        await using var changing = await Session.BeginAsync(database);
        var change = changing.DoAsync("SELECT FROM events WHERE id = 8 FOR NO KEY UPDATE");
        await changing.WaitsAsync();
        // Later than the change, and not behind it.
        await using var later = await Session.BeginAsync(database, "SELECT FROM events WHERE id = 8 FOR SHARE");
        await placing.EndAsync();
        Assert.False(change.IsCompleted);
        await later.EndAsync();
        await change;
        await changing.EndAsync();

        await using var placing2 = await Session.BeginAsync(database, "SELECT hold_events('{8}', false)");
        await using var changing2 = await Session.BeginAsync(database);
        change = changing2.DoAsync("SELECT hold_events('{8}', true)");
        await changing2.WaitsAsync();
        await using var later2 = await Session.BeginAsync(database);
        var place = later2.DoAsync("SELECT hold_events('{8}', false)");
        await later2.WaitsAsync();
        await placing2.EndAsync();
        await change;
        Assert.False(place.IsCompleted);
        await changing2.EndAsync();
        await place;
    }

    static void InterlockedMax(ref int most, int value)
    {
        for (
            var seen = Volatile.Read(ref most);
            value > seen && Interlocked.CompareExchange(ref most, value, seen) is var now && now != seen;
            seen = now
        ) { }
    }

    /// <summary>A transaction of somebody's on a connection of its own.</summary>
    sealed class Session(Database database, NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
    {
        public static async Task<Session> BeginAsync(Database database, string? sql = null)
        {
            var connection = await database.Admin.OpenConnectionAsync();
            var session = new Session(database, connection, await connection.BeginTransactionAsync());
            if (sql is not null)
            {
                await session.DoAsync(sql);
            }
            return session;
        }

        public async Task DoAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync();
        }

        public Task WaitsAsync() =>
            Deadline.UntilAsync("a lock wait", TimeSpan.FromSeconds(10), async () =>
                await database.ScalarAsync<long>($"SELECT count(*) FROM pg_locks WHERE pid = {connection.ProcessID} AND NOT granted") > 0
            );

        public Task EndAsync() => transaction.RollbackAsync();

        public async ValueTask DisposeAsync()
        {
            await transaction.DisposeAsync();
            await connection.DisposeAsync();
        }
    }
}
