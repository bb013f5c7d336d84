using Betting.Contracts.Commands;
using Betting.Hosting;
using Betting.Ingest;
using Betting.Ingest.Attempts;
using Betting.Ingest.Decide;
using Betting.Ingest.Messages;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Failures;
using Betting.Tests.Ingest.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Betting.Tests.Ingest.Claim;

/// <summary>Two batches of one door at a time, on a real PostgreSQL.</summary>
public sealed class TwoInHandTests(Servers servers)
{
    static readonly IngestOptions AnyIssuedAt = new() { MaxIssuedAhead = TimeSpan.FromDays(365) };

    [Fact]
    public async Task A_batch_sees_everything_of_the_one_before_although_it_has_begun_already()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var metrics = new IngestMetrics(TimeProvider.System);
        var handler = Handler(database, metrics);
        BetCommand[] all =
        [
            Given.Register(),
            Given.Deposit(100_00),
            Given.Schedule(),
            .. Enumerable.Range(1, 60).Select(bet => Given.Place(bet, 1_00)),
            .. Enumerable.Range(1, 60).Select(bet => Given.Settle(bet, 2_00)),
        ];

        await HandleAsync(handler, all.Chunk(3));

        Assert.Equal(160m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM commands WHERE outcome <> 'accepted'"));
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_batch_that_begins_anew_does_not_wait_for_an_id_that_the_next_one_has_taken()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        // Every third insert of bets fails as if another transaction had been in the way.
        await database.ScalarAsync<int>(
            """
            CREATE SEQUENCE attempts; GRANT USAGE ON SEQUENCE attempts TO ingest;
            CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('attempts') % 3 <> 0 THEN PERFORM pg_sleep(0.05); RAISE serialization_failure; END IF; RETURN NULL; END $$;
            CREATE TRIGGER stumble AFTER INSERT ON bets FOR EACH STATEMENT EXECUTE FUNCTION stumble();
            SELECT 1
            """
        );
        using var metrics = new IngestMetrics(TimeProvider.System);
        var handler = Handler(database, metrics);
        var bets = Enumerable.Range(1, 20).Select(bet => Given.Place(bet, 1_00)).ToArray();
        // Each batch repeats the last command of the one before.
        var batches = Enumerable.Range(0, 10).Select(i => bets[Math.Max(0, (2 * i) - 1)..((2 * i) + 2)].ToArray<BetCommand>());

        await HandleAsync(
            handler,
            [
                [Given.Register(), Given.Deposit(100_00), Given.Schedule()],
                .. batches,
            ]
        );

        Assert.Equal(20, await database.ScalarAsync<long>("SELECT count(*) FROM bets"));
        Assert.Equal(80m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_batch_let_go_of_twice_does_not_end_the_one_that_has_its_connection_now()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        var first = await database.Transaction.TakeAsync([new HashedCommand(Given.Register())], CancellationToken.None);
        await first.DisposeAsync();
        await using var second = await database.Transaction.TakeAsync([new HashedCommand(Given.Register())], CancellationToken.None);
        // Else this shows nothing.
        Assert.Same(first.Transaction, second.Transaction);

        await first.DisposeAsync();

        Assert.Equal([Outcome.Accepted], await database.Transaction.ApplyAsync(second, CancellationToken.None));
        Assert.Equal(1, await database.ScalarAsync<long>("SELECT count(*) FROM commands"));
        await Invariants.HoldAsync(database.Admin);
    }

    // As a door does: the next batch is handed over while the one before is being applied.
    static async Task HandleAsync(BatchHandler handler, IEnumerable<BetCommand[]> batches)
    {
        var inHand = batches.Select(batch => handler.HandleAsync([.. batch.Select(Delivered)], CancellationToken.None)).ToArray();
        await Task.WhenAll(inHand).WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System);
    }

    static Delivery Delivered(BetCommand command)
    {
        var body = CommandEncoder.Encode(command);
        return new Delivery(body, body, "test");
    }

    static BatchHandler Handler(Database database, IngestMetrics metrics) =>
        new(
            "test",
            database.Transaction,
            new NoDeadLetters(),
            Availability.Of(database, new Readiness()),
            new FollowedCommands(FollowedIds.None, NullLogger<FollowedCommands>.Instance),
            metrics,
            TimeProvider.System,
            NullLogger.Instance
        );

    sealed class NoDeadLetters : IDeadLetters
    {
        public Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation) =>
            throw new InvalidOperationException($"{letters.Count} dead letters");
    }
}
