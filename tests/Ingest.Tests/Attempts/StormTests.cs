using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Attempts;

public sealed class StormTests(Servers servers)
{
    [Fact]
    public async Task A_storm_of_serialization_failures_and_deadlocks_on_a_hot_user_loses_nothing_and_its_attempts_are_bounded()
    {
        const int Doors = 6,
            Batches = 20,
            Size = 10;
        await using var database = await Database.CreateAsync(servers, new IngestOptions { MaxIssuedAhead = TimeSpan.FromDays(365) });
        await database.ApplyAsync(Given.Register(), Given.Deposit(1_000_00), Given.Schedule());
        // Two of three transactions fail, after they have waited for the wallet and done all their work.
        await database.ScalarAsync<int>(
            """
            CREATE SEQUENCE attempts; GRANT USAGE ON SEQUENCE attempts TO ingest;
            CREATE FUNCTION storm() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                CASE nextval('attempts') % 6 WHEN 0,
                    3 THEN RETURN NULL; WHEN 1 THEN RAISE deadlock_detected; ELSE RAISE serialization_failure; END CASE; END $$;
            CREATE TRIGGER storm AFTER UPDATE ON wallets FOR EACH STATEMENT EXECUTE FUNCTION storm();
            SELECT 1
            """
        );
        using var handlers = new Handlers(database);

        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, Doors)
                .Select(door =>
                    Handlers.HandleAsync(
                        handlers.New(),
                        Enumerable
                            .Range(0, Batches)
                            .Select(batch =>
                                Enumerable
                                    .Range(0, Size)
                                    .Select(n => (BetCommand)Given.Place((((door * Batches) + batch) * Size) + n + 1, 50))
                                    .ToArray()
                            )
                    )
                )
        );

        var attempts = await database.ScalarAsync<long>("SELECT last_value FROM attempts");
        TestContext.Current.TestOutputHelper!.WriteLine($"{Doors * Batches} batches, {attempts} attempts");
        Assert.All(answers, door => Assert.All(door, answer => Assert.Equal("accepted", answer)));
        Assert.Empty(handlers.Letters);
        // Three are needed on average; each waits before the next.
        Assert.InRange(attempts, 2 * Doors * Batches, 6 * Doors * Batches);
        Assert.Equal(Doors * Batches * Size, await database.ScalarAsync<long>("SELECT count(*) FROM bets"));
        Assert.Equal(1_000m - (Doors * Batches * Size * 0.50m), await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        await Invariants.HoldAsync(database.Admin);
    }
}
