using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Persist;

public sealed class BatchTransactionTests(Servers servers)
{
    static readonly IngestOptions AnyIssuedAt = new() { MaxIssuedAhead = TimeSpan.FromDays(365) };

    [Fact]
    public async Task A_whole_life_stands_in_the_tables_as_it_was_decided()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);

        await database.ApplyAsync(
            Given.Register(),
            Given.Deposit(100_00),
            Given.Schedule(),
            Given.Place(1, 30_00),
            Given.Place(2, 20_00),
            Given.Place(3, 10_00)
        );
        await database.ApplyAsync(
            Given.Settle(1, 45_50),
            Given.Cancel(2),
            Given.Status(EventStatus.Finished),
            new RenameUser(Given.Id(), Given.Now, Given.User, "Grace")
        );

        Assert.Equal(105.50m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        Assert.Equal(
            "1 SETTLED 45.50, 2 CANCELLED 20.00, 3 OPEN ",
            await database.ScalarAsync<string>(
                "SELECT string_agg(id || ' ' || status || ' ' || coalesce(payout::text, ''), ', ' ORDER BY id) FROM bets"
            )
        );
        Assert.Equal(
            "City – United football FINISHED",
            await database.ScalarAsync<string>("SELECT name || ' ' || category || ' ' || status FROM events")
        );
        Assert.Equal("Grace", await database.ScalarAsync<string>("SELECT name FROM users"));
        Assert.Equal(Given.Now, await database.ScalarAsync<DateTime>("SELECT DISTINCT placed_at FROM bets"));
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task The_same_command_counts_once_in_one_batch_and_for_ever()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        var deposit = Given.Deposit(100);

        Assert.Equal(
            [Outcome.Accepted, Outcome.Accepted, new Outcome(OutcomeKind.Duplicate)],
            await database.ApplyAsync(Given.Register(), deposit, deposit)
        );
        Assert.Equal(
            [new Outcome(OutcomeKind.Duplicate)],
            await database.ApplyAsync(deposit with { IssuedAt = deposit.IssuedAt.AddSeconds(1) })
        );

        Assert.Equal(1m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
    }

    [Fact]
    public async Task The_same_id_with_other_content_is_a_conflict_and_kept_with_both_hashes()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        var deposit = Given.Deposit(100);
        var inBatch = deposit with { Amount = new Money(200) };
        var later = deposit with { Amount = new Money(300) };

        Assert.Equal(
            [Outcome.Accepted, Outcome.Accepted, new Outcome(OutcomeKind.Conflict)],
            await database.ApplyAsync(Given.Register(), deposit, inBatch)
        );
        Assert.Equal([new Outcome(OutcomeKind.Conflict)], await database.ApplyAsync(later));
        Assert.Equal([new Outcome(OutcomeKind.Conflict)], await database.ApplyAsync(later));

        Assert.Equal(
            2,
            await database.ScalarAsync<long>(
                "SELECT count(*) FROM command_conflicts x JOIN commands c USING (command_id) WHERE x.first_hash = c.payload_hash"
            )
        );
        Assert.Equal(1m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
    }

    [Fact]
    public async Task Parked_commands_survive_in_PostgreSQL_and_are_released_by_what_they_wait_for()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        var (settle, place, deposit) = (
            Given.Settle(1, 12_00),
            Given.Place(1, 5_00),
            Given.Deposit(5_00) with
            {
                IssuedAt = Given.Now.AddSeconds(-1),
            }
        );

        Assert.All(await database.ApplyAsync(settle), outcome => Assert.Equal(OutcomeKind.Parked, outcome.Kind));
        Assert.All(await database.ApplyAsync(place, deposit), outcome => Assert.Equal(OutcomeKind.Parked, outcome.Kind));
        await Invariants.HoldAsync(database.Admin);
        await database.ApplyAsync(Given.Register());
        Assert.Equal("event", await database.ScalarAsync<string>("SELECT waits_for FROM parked_commands WHERE waits_id = 8"));
        await database.ApplyAsync(Given.Schedule());

        Assert.Equal(12m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM parked_commands"));
        Assert.Equal(
            0,
            await database.ScalarAsync<long>("SELECT count(*) FROM commands WHERE outcome <> 'accepted' OR reason IS NOT NULL")
        );
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task Past_the_deadline_a_parked_command_is_rejected_once()
    {
        await using var database = await Database.CreateAsync(servers);
        await database.ApplyAsync(Given.Settle(1, 0));

        Assert.Equal(0, await database.RejectDueAsync());
        await database.AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(1, await database.RejectDueAsync());
        Assert.Equal(0, await database.RejectDueAsync());

        Assert.Equal("rejected unknown-bet", await database.ScalarAsync<string>("SELECT outcome || ' ' || reason FROM commands"));
    }

    [Fact]
    public async Task Batches_of_many_replicas_about_the_same_few_rows_keep_every_invariant()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        var commands = Traffic.About(users: 5, events: 3, bets: 400, seed: 7).ToList();
        var shuffled = commands.Concat(commands).OrderBy(_ => Guid.NewGuid()).Chunk(25).ToArray();

        await Parallel.ForEachAsync(shuffled, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (batch, _) =>
            await Traffic.UntilCommittedAsync(() => database.ApplyAsync(batch))
        );

        Assert.Equal(commands.Count, await database.ScalarAsync<long>("SELECT count(*) FROM commands"));
        await Invariants.HoldAsync(database.Admin);
        // Nothing was parked beside the transaction that brought what it waits for.
        Assert.Equal(
            0,
            await database.ScalarAsync<long>(
                "SELECT count(*) FROM parked_commands p WHERE waits_for <> 'bet' OR EXISTS (SELECT FROM bets WHERE id = waits_id)"
            )
        );
    }
}
