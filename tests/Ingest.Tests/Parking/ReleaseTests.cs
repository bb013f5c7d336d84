using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Ingest.Messages;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Attempts;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Parking;

/// <summary>More waits for one thing than one transaction releases.</summary>
public sealed class ReleaseTests(Servers servers)
{
    static IngestOptions Small => new() { MaxIssuedAhead = TimeSpan.FromDays(365), ReleaseSize = 10 };

    [Fact]
    public async Task However_many_wait_no_transaction_releases_more_than_its_bound_and_none_is_overtaken()
    {
        await using var database = await Database.CreateAsync(servers, Small);
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        var waiting = Enumerable.Range(1, 60).Select(bet => Given.Place(bet, 1_00) with { IssuedAt = Given.Now.AddSeconds(bet) }).ToArray();
        var settled = Given.Settle(5, 0);
        // In another order than they were issued in, and there is money for the first half.
        await Handlers.HandleAsync(handler, [Given.Register(), Given.Deposit(30_00)], [settled, .. waiting.Reverse()]);

        var answers = await Handlers.HandleAsync(
            handler,
            [Given.Deposit(1, Given.User), Given.Schedule(), Given.Place(99, 1_00) with { IssuedAt = Given.Now }],
            [Given.Withdraw(1)]
        );

        Assert.Equal(["accepted", "accepted", "rejected", "accepted"], answers);
        Assert.Equal(
            Enumerable.Range(1, 30),
            (await database.ScalarAsync<string>("SELECT string_agg(id::text, ' ' ORDER BY id) FROM bets")).Split(' ').Select(int.Parse)
        );
        Assert.Equal(29, await database.ScalarAsync<long>("SELECT count(*) FROM bets WHERE status = 'OPEN'"));
        Assert.InRange(
            await database.ScalarAsync<long>(
                "SELECT max(n) FROM (SELECT count(*) AS n FROM commands WHERE kind IN ('place-bet', 'settle-bet') GROUP BY xmin) x"
            ),
            2,
            10
        );
        Assert.Equal(
            0,
            await database.ScalarAsync<long>("SELECT (SELECT count(*) FROM releases) + (SELECT count(*) FROM parked_commands)")
        );
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_bet_for_which_alone_too_many_wait_has_them_released_before_the_next_bet()
    {
        await using var database = await Database.CreateAsync(servers, Small);
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        var settlements = Enumerable.Range(0, 40).Select(n => Given.Settle(1, 2_00) with { IssuedAt = Given.Now.AddSeconds(n) }).ToArray();
        // The second bet has no money but what the first one wins.
        await Handlers.HandleAsync(
            handler,
            [Given.Register(), Given.Deposit(1_00)],
            [
                .. settlements.Reverse(),
                Given.Place(2, 2_00) with
                {
                    IssuedAt = Given.Now.AddSeconds(2),
                },
                Given.Place(1, 1_00) with
                {
                    IssuedAt = Given.Now.AddSeconds(1),
                },
            ]
        );

        await Handlers.HandleAsync(handler, [Given.Schedule()], [Given.Deposit(1)]);

        Assert.Equal(
            "1 SETTLED, 2 OPEN",
            await database.ScalarAsync<string>("SELECT string_agg(id || ' ' || status, ', ' ORDER BY id) FROM bets")
        );
        Assert.Equal(
            settlements[0].Id,
            await database.ScalarAsync<Guid>("SELECT command_id FROM commands WHERE kind = 'settle-bet' AND outcome = 'accepted'")
        );
        Assert.InRange(
            await database.ScalarAsync<long>(
                "SELECT max(n) FROM (SELECT count(*) AS n FROM commands WHERE kind = 'settle-bet' GROUP BY xmin) x"
            ),
            2,
            10
        );
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_release_whose_replica_is_gone_is_finished_by_whoever_comes_next_before_anything_else()
    {
        await using var database = await Database.CreateAsync(servers, Small);
        await database.ApplyAsync([
            Given.Register(),
            Given.Deposit(25_00),
            .. Enumerable.Range(1, 25).Select(bet => Given.Place(bet, 1_00)),
        ]);
        await database.ApplyAsync(Given.Schedule());
        Assert.Equal(25, await database.ScalarAsync<long>("SELECT count(*) FROM parked_commands"));

        await using (var early = await database.Transaction.TakeAsync([new HashedCommand(Given.Withdraw(1))], CancellationToken.None))
        {
            await Assert.ThrowsAsync<ReleaseFirstException>(() => database.Transaction.ApplyAsync(early, CancellationToken.None));
        }
        Assert.Equal([Outcome.Rejected(Reasons.InsufficientFunds)], await database.ApplyAsync(Given.Withdraw(1)));

        Assert.Equal(25, await database.ScalarAsync<long>("SELECT count(*) FROM bets"));
    }

    [Fact]
    public async Task Who_was_due_when_it_came_is_rejected_and_who_was_not_is_released_however_late()
    {
        await using var database = await Database.CreateAsync(servers, new IngestOptions { ReleaseSize = 2 });
        await database.ApplyAsync(Given.Register(), Given.Deposit(9_00), Given.Place(1, 1_00), Given.Place(2, 1_00), Given.Place(3, 1_00));
        await database.AdvanceAsync(TimeSpan.FromMinutes(1));
        await database.ApplyAsync(Given.Place(4, 1_00), Given.Place(5, 1_00), Given.Place(6, 1_00));
        await database.AdvanceAsync(TimeSpan.FromMinutes(9));
        await database.ApplyAsync(Given.Schedule());
        await database.AdvanceAsync(TimeSpan.FromHours(1));

        Assert.Equal(6, await database.Transaction.Releases.FinishAsync(TestContext.Current.CancellationToken));

        Assert.Equal(
            "1 2 3",
            await database.ScalarAsync<string>(
                "SELECT string_agg(bet_id::text, ' ' ORDER BY bet_id) FROM commands WHERE outcome = 'rejected' AND reason = 'unknown-event'"
            )
        );
        Assert.Equal("4 5 6", await database.ScalarAsync<string>("SELECT string_agg(id::text, ' ' ORDER BY id) FROM bets"));
    }

    [Fact]
    public async Task What_another_writer_brought_is_released_in_parts_as_well()
    {
        await using var database = await Database.CreateAsync(servers, Small);
        await database.ApplyAsync([
            Given.Register(),
            Given.Deposit(25_00),
            .. Enumerable.Range(1, 25).Select(bet => Given.Place(bet, 1_00)),
        ]);
        await database.ScalarAsync<long>("INSERT INTO events VALUES (8, 'City – United', 'football', now(), 'LIVE') RETURNING id");

        await database.Transaction.Releases.OpenAsync([new WaitKey(WaitFor.Event, Given.Event)], TestContext.Current.CancellationToken);

        Assert.Equal(25, await database.Transaction.Releases.FinishAsync(TestContext.Current.CancellationToken));
        Assert.Equal(25, await database.ScalarAsync<long>("SELECT count(*) FROM bets"));
        await Invariants.HoldAsync(database.Admin);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(25)]
    public async Task A_command_that_waits_for_something_else_has_the_reason_of_that_in_the_journal(int bets)
    {
        // One is released by the batch that brings the user, more by transactions of their own.
        await using var database = await Database.CreateAsync(servers, Small);
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        await Handlers.HandleAsync(handler, [.. Enumerable.Range(1, bets).Select(bet => Given.Place(bet, 1_00))]);
        Assert.Equal($"{bets} parked unknown-user user", await WaitingAsync());

        await Handlers.HandleAsync(handler, [Given.Register()], [Given.Deposit(25_00)]);
        Assert.Equal($"{bets} parked unknown-event event", await WaitingAsync());

        await Handlers.HandleAsync(handler, [Given.Schedule()], [Given.Deposit(1_00)]);
        Assert.Equal(
            bets,
            await database.ScalarAsync<long>(
                "SELECT count(*) FROM commands WHERE kind = 'place-bet' AND outcome = 'accepted' AND reason IS NULL"
            )
        );
        Assert.Equal(
            0,
            await database.ScalarAsync<long>("SELECT (SELECT count(*) FROM releases) + (SELECT count(*) FROM parked_commands)")
        );
        await Invariants.HoldAsync(database.Admin);

        Task<string> WaitingAsync() =>
            database.ScalarAsync<string>(
                """
                SELECT string_agg(n || ' ' || outcome || ' ' || reason || ' ' || waits_for, ', ')
                FROM (SELECT count(*) AS n, outcome, reason, waits_for
                FROM commands JOIN parked_commands USING (command_id) GROUP BY outcome, reason, waits_for) x
                """
            );
    }

    [Theory]
    [InlineData("BET", 13, "22003")]
    [InlineData("BET", 13, "23514")]
    [InlineData("BET", 13, "23505")]
    [InlineData("BET", 13, "P0001")]
    [InlineData("LEDGER", 12, "P0001")]
    public async Task A_parked_command_that_the_database_refuses_is_rejected_alone_when_its_event_comes(
        string what,
        int poison,
        string state
    )
    {
        await using var database = await Database.CreateAsync(servers, new IngestOptions { MaxIssuedAhead = TimeSpan.FromDays(365) });
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        // Its row, or the entries of its stake.
        var (table, which) = what == "BET" ? ("bets", $"NEW.id = {poison}") : ("ledger_entries", $"NEW.bet_id = {poison}");
        await database.ScalarAsync<int>(
            $"""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF {which} THEN RAISE EXCEPTION 'house rule' USING ERRCODE = '{state}'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse();
            SELECT 1
            """
        );
        // One of them has a settlement that waits for it in turn.
        await Handlers.HandleAsync(
            handler,
            [Given.Register(), Given.Deposit(100_00)],
            [Given.Settle(14, 2_00), .. Enumerable.Range(11, 5).Select(bet => Given.Place(bet, 1_00))]
        );

        var answers = await Handlers.HandleAsync(
            handler,
            [Given.Deposit(1_00), Given.Schedule(), Given.Deposit(1_00)],
            [Given.Deposit(1_00)]
        );

        Assert.Equal(["accepted", "accepted", "accepted", "accepted"], answers);
        Assert.Empty(handlers.Letters);
        Assert.Equal(
            $"{poison} place-bet refused-by-database",
            await database.ScalarAsync<string>(
                "SELECT string_agg(bet_id || ' ' || kind || ' ' || reason, ', ') FROM commands WHERE outcome <> 'accepted'"
            )
        );
        Assert.Equal("SETTLED", await database.ScalarAsync<string>("SELECT status FROM bets WHERE id = 14"));
        Assert.Equal(
            0,
            await database.ScalarAsync<long>("SELECT (SELECT count(*) FROM releases) + (SELECT count(*) FROM parked_commands)")
        );
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public void A_part_ends_before_it_is_too_large_and_takes_at_least_one()
    {
        NextParked[] next = [new(Guid.NewGuid(), 1, 3), new(Guid.NewGuid(), 2, 0), new(Guid.NewGuid(), 3, 5)];

        var (some, all, one) = (ReleasePart.Of(next, 9), ReleasePart.Of(next, 12), ReleasePart.Of(next, 3));

        Assert.Equal([next[0].Id, next[1].Id], some.Ids);
        Assert.Equal([1L], some.Bets);
        Assert.False(some.IsLast);
        Assert.Equal(next.Select(command => command.Id), all.Ids);
        Assert.Equal([1L, 3L], all.Bets);
        Assert.True(all.IsLast);
        Assert.Equal([next[0].Id], one.Ids);
        Assert.Empty(one.Bets);
        Assert.Equal(new WaitKey(WaitFor.Bet, 1), one.Later);
        Assert.True(ReleasePart.Of([], 1).IsLast);
    }
}
