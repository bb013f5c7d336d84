using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Parking.Tables;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Attempts;

/// <summary>Parked rows that this version cannot release, whoever wrote them.</summary>
public sealed class QuarantineTests(Servers servers)
{
    static readonly IngestOptions AnyIssuedAt = new() { MaxIssuedAhead = TimeSpan.FromDays(365) };

    [Theory]
    [InlineData("command = replace(command, 'deposit', 'refund-bet')")]
    [InlineData("command = replace(command, '{', '{\"currency\":\"EUR\",')")]
    [InlineData("command = 'no JSON'")]
    [InlineData("command = ''")]
    [InlineData("command = replace(command, '3.00', '3000.00')")]
    [InlineData("command = replace(command, left(command_id::text, 8), '00000001')")]
    [InlineData("parked_at = NULL")]
    [InlineData("command = NULL")]
    public async Task A_parked_row_that_cannot_be_released_stays_alone_and_is_released_once_it_is_mended(string spoilt)
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        var (bad, good) = (Given.Deposit(3_00), Given.Deposit(2_00));
        await Handlers.HandleAsync(
            handler,
            [
                [bad, good],
            ]
        );
        await database.ExecuteAsync(
            $"""
            ALTER TABLE parked_commands ALTER command DROP NOT NULL, ALTER parked_at DROP NOT NULL;
            CREATE TABLE sound AS SELECT * FROM parked_commands;
            UPDATE parked_commands SET {spoilt} WHERE command_id = '{bad.Id}';
            """
        );

        var answers = await Handlers.HandleAsync(handler, [Given.Register(), Given.Deposit(1_00)], [Given.Deposit(1_00)]);

        Assert.Equal(["accepted", "accepted", "accepted"], answers);
        Assert.Empty(handlers.Letters);
        Assert.Equal(4m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        Assert.Equal(bad.Id, await database.ScalarAsync<Guid>("SELECT command_id FROM parked_commands WHERE quarantined_because <> ''"));
        TestContext.Current.TestOutputHelper!.WriteLine(
            await database.ScalarAsync<string>("SELECT quarantined_because FROM parked_commands")
        );
        await Invariants.HoldAsync(database.Admin);

        // Neither its deadline nor a look for what has come touches it.
        await database.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Equal(0, await database.RejectDueAsync());
        Assert.Empty(await new ArrivedKeys(database.Ingest).NextAsync(CancellationToken.None));
        await database.ExecuteAsync(
            "UPDATE parked_commands p SET quarantined_because = NULL, command = s.command, parked_at = "
                + "s.parked_at FROM sound s WHERE s.command_id = p.command_id"
        );
        var arrived = await new ArrivedKeys(database.Ingest).NextAsync(CancellationToken.None);
        await database.Transaction.Releases.OpenAsync(arrived, CancellationToken.None);
        Assert.Equal(1, await database.Transaction.Releases.FinishAsync(CancellationToken.None));
        Assert.Equal(7m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_release_in_parts_passes_over_rows_that_cannot_be_released()
    {
        await using var database = await Database.CreateAsync(
            servers,
            new IngestOptions { MaxIssuedAhead = TimeSpan.FromDays(365), ReleaseSize = 5 }
        );
        BetCommand[] waiting =
        [
            .. Enumerable.Range(1, 30).Select(bet => Given.Place(bet, 1_00) with { IssuedAt = Given.Now.AddSeconds(bet) }),
        ];
        await database.ApplyAsync([Given.Register(), Given.Deposit(30_00), .. waiting]);
        // A whole part of the release, and some more.
        await database.ExecuteAsync("UPDATE parked_commands SET command = 'no JSON' WHERE brings_bet BETWEEN 6 AND 13");

        await database.ApplyAsync(Given.Schedule());
        await database.Transaction.Releases.FinishAsync(CancellationToken.None);

        Assert.Equal(22, await database.ScalarAsync<long>("SELECT count(*) FROM bets"));
        Assert.Equal(8, await database.ScalarAsync<long>("SELECT count(*) FROM parked_commands WHERE quarantined_because IS NOT NULL"));
        Assert.Equal([Outcome.Accepted], await database.ApplyAsync(Given.Deposit(1_00)));
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_parked_command_of_which_the_database_takes_no_outcome_at_all_is_quarantined_and_the_others_are_released()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        BetCommand[] waiting = [.. Enumerable.Range(1, 5).Select(bet => Given.Place(bet, 1_00))];
        await Handlers.HandleAsync(
            handler,
            [
                [Given.Register(), Given.Deposit(9_00), .. waiting],
            ]
        );
        await database.ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'house rule'; END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON commands FOR EACH ROW WHEN (OLD.bet_id = 3) EXECUTE FUNCTION refuse();
            CREATE TRIGGER refuse BEFORE INSERT ON bets FOR EACH ROW WHEN (NEW.id = 3) EXECUTE FUNCTION refuse();
            """
        );

        Assert.Equal(
            ["accepted", "accepted"],
            await Handlers.HandleAsync(
                handler,
                [
                    [Given.Schedule()],
                    [Given.Deposit(1_00)],
                ]
            )
        );

        Assert.Equal("1 2 4 5", await database.ScalarAsync<string>("SELECT string_agg(id::text, ' ' ORDER BY id) FROM bets"));
        Assert.Equal(
            waiting[2].Id,
            await database.ScalarAsync<Guid>("SELECT command_id FROM parked_commands WHERE quarantined_because LIKE '%house rule%'")
        );
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM releases"));
        Assert.Empty(handlers.Letters);
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task Due_rows_are_rejected_without_being_decoded_except_those_whose_wait_or_journal_row_is_unknown()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        BetCommand[] waiting = [.. Enumerable.Range(1, 4).Select(_ => Given.Deposit(1_00))];
        await database.ApplyAsync(waiting);
        await database.ExecuteAsync(
            $"""
            ALTER TABLE parked_commands DROP CONSTRAINT parked_commands_waits_for_check;
            UPDATE parked_commands SET command = 'no JSON' WHERE command_id = '{waiting[0].Id}';
            UPDATE parked_commands SET waits_for = 'team' WHERE command_id = '{waiting[1].Id}';
            UPDATE commands SET outcome = 'accepted', reason = NULL WHERE command_id = '{waiting[2].Id}';
            """
        );
        await database.AdvanceAsync(TimeSpan.FromHours(1));

        Assert.Equal(2, await database.RejectDueAsync());

        Assert.Equal(
            2,
            await database.ScalarAsync<long>("SELECT count(*) FROM commands WHERE outcome = 'rejected' AND reason = 'unknown-user'")
        );
        Assert.Equal(2, await database.ScalarAsync<long>("SELECT count(*) FROM parked_commands WHERE quarantined_because IS NOT NULL"));
        Assert.Equal("accepted", await database.ScalarAsync<string>($"SELECT outcome FROM commands WHERE command_id = '{waiting[2].Id}'"));
    }
}
