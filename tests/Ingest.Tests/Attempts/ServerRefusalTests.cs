using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Attempts;

/// <summary>Refusals of PostgreSQL that tell of data by their SQLSTATE, and that have another cause than a command's data.</summary>
public sealed class ServerRefusalTests(Servers servers)
{
    static readonly IngestOptions AnyIssuedAt = new() { MaxIssuedAhead = TimeSpan.FromDays(365) };

    [Theory]
    [InlineData("P0001")]
    [InlineData("23514")]
    [InlineData("22P05")]
    [InlineData("54000")]
    [InlineData("21000")]
    [InlineData("27000")]
    [InlineData("44000")]
    public async Task A_server_that_refuses_every_row_of_the_journal_stops_the_door_and_nothing_is_put_aside(string state)
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        await Handlers.HandleAsync(
            handler,
            [
                [Given.Register()],
            ]
        );
        await RefuseAsync(database, "commands", state);

        var handling = Handlers.HandleAsync(handler, [Given.Deposit(1_00)], [Given.Deposit(1_00), Given.Deposit(1_00)]);
        await NotReadyAsync(handlers, "PostgreSQL refuses any row of the journal");
        await MendAsync(database, "commands");

        Assert.Equal(["accepted", "accepted", "accepted"], await handling);
        Assert.Empty(handlers.Letters);
        Assert.Equal(3m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        Assert.True(handlers.Readiness.IsReady);
    }

    [Fact]
    public async Task A_rename_of_a_user_whose_row_was_deleted_keeps_nothing_behind_it()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        await Handlers.HandleAsync(
            handler,
            [
                [Given.Register()],
            ]
        );
        await database.ExecuteAsync("DELETE FROM users");

        Assert.Equal(
            ["accepted", "accepted"],
            await Handlers.HandleAsync(handler, [new RenameUser(Given.Id(), Given.Now, Given.User, "Ada"), Given.Deposit(1_00)])
        );
        Assert.Equal(1m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
    }

    /// <summary>PostgreSQL reports success where a trigger leaves a row out: the commit would say what has not happened.</summary>
    [Theory]
    [InlineData("wallets", "UPDATE")]
    [InlineData("ledger_entries", "INSERT")]
    [InlineData("commands", "INSERT")]
    [InlineData("commands", "UPDATE")]
    [InlineData("parked_commands", "INSERT")]
    public async Task A_trigger_that_leaves_rows_out_stops_the_door_until_it_is_gone(string table, string operation)
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        await Handlers.HandleAsync(
            handler,
            [
                [Given.Register()],
            ]
        );
        await database.ExecuteAsync(
            $"""
            CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER leaves_out BEFORE {operation} ON {table} FOR EACH ROW EXECUTE FUNCTION leave_out();
            """
        );

        var handling = Handlers.HandleAsync(handler, [Given.Deposit(1_00), Given.Deposit(2_00, user: 99)]);
        await NotReadyAsync(handlers, "Configuration");
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM ledger_entries"));
        await database.ExecuteAsync($"DROP TRIGGER leaves_out ON {table}");

        Assert.Equal(["accepted", "parked"], await handling);
        Assert.Equal(1m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        Assert.Empty(handlers.Letters);
    }

    [Theory]
    [InlineData("P0001")]
    [InlineData("22P05")]
    [InlineData("54000")]
    public async Task A_table_that_refuses_every_row_stops_the_door_before_everything_is_put_aside(string state)
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        await Handlers.HandleAsync(
            handler,
            [
                [Given.Register()],
            ]
        );
        await RefuseAsync(database, "ledger_entries", state);
        var deposits = Enumerable.Range(0, 240).Select(_ => Given.Deposit(1_00)).Chunk(60).ToArray();

        var handling = Handlers.HandleAsync(handler, deposits);
        await NotReadyAsync(handlers, "commands in a row are refused");
        await MendAsync(database, "ledger_entries");
        await handling;

        Assert.Equal(60, handlers.Letters.Count);
        Assert.Equal(180m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        Assert.True(handlers.Readiness.IsReady);
    }

    [Fact]
    public async Task A_table_that_refuses_every_bet_stops_the_door_although_deposits_between_them_pass()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        await Handlers.HandleAsync(
            handler,
            [
                [Given.Register(), Given.Schedule(), Given.Deposit(200_00)],
            ]
        );
        await RefuseAsync(database, "bets", "P0001");
        BetCommand[] mixed =
        [
            .. Enumerable.Range(1, 130).SelectMany(bet => new BetCommand[] { Given.Place(bet, 1_00), Given.Deposit(1_00) }),
        ];

        var handling = Handlers.HandleAsync(handler, [mixed]);
        await NotReadyAsync(handlers, "130 commands in a row are refused");
        // What passed is not applied again.
        Assert.Equal(330m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        await MendAsync(database, "bets");

        Assert.All(await handling, outcome => Assert.Equal("accepted", outcome));
        Assert.Empty(handlers.Letters);
        Assert.Equal(130, await database.ScalarAsync<long>("SELECT count(*) FROM bets"));
        Assert.Equal(200m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_command_that_is_refused_once_and_not_again_is_applied()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        await database.ExecuteAsync(
            """
            CREATE SEQUENCE attempts;
            GRANT ALL ON SEQUENCE attempts TO PUBLIC;
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('attempts') <= 2 THEN RAISE EXCEPTION 'a moment' USING ERRCODE = '54000'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON ledger_entries FOR EACH ROW EXECUTE FUNCTION refuse();
            """
        );

        Assert.Equal(
            ["accepted", "accepted"],
            await Handlers.HandleAsync(
                handlers.New(),
                [
                    [Given.Register(), Given.Deposit(1_00)],
                ]
            )
        );

        Assert.Empty(handlers.Letters);
        Assert.InRange(await database.ScalarAsync<long>("SELECT last_value FROM attempts"), 3, 4);
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task Commands_that_are_refused_between_others_that_pass_are_put_aside_however_many_they_are()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        await database.ExecuteAsync("ALTER TABLE ledger_entries ADD CONSTRAINT small CHECK (amount < 100)");
        BetCommand[] mixed = [.. Enumerable.Range(0, 300).Select(at => at % 100 == 99 ? Given.Deposit(1_00) : Given.Deposit(500_00))];

        await Handlers.HandleAsync(handlers.New(), [Given.Register()], mixed[..200], mixed[200..]);

        Assert.Equal(297, handlers.Letters.Count);
        Assert.Equal(3m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
    }

    [Fact]
    public async Task No_parked_command_is_rejected_or_quarantined_while_the_server_refuses_every_row_of_the_journal()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await database.ApplyAsync(Given.Deposit(1_00), Given.Deposit(1_00, 8));
        await database.ExecuteAsync("INSERT INTO users VALUES (7, 'Ada', now()); INSERT INTO wallets VALUES (7, 0)");
        await database.AdvanceAsync(TimeSpan.FromHours(1));
        await RefuseAsync(database, "commands", "54000", "INSERT OR UPDATE");
        await database.Transaction.Releases.OpenAsync([new WaitKey(WaitFor.User, 7)], CancellationToken.None);

        var release = await Assert.ThrowsAsync<ServerRefusesException>(() =>
            database.Transaction.Releases.FinishAsync(CancellationToken.None)
        );
        await Assert.ThrowsAsync<ServerRefusesException>(database.RejectDueAsync);
        Assert.Equal((FailureClass.Unavailable, "54000"), (Failure.ClassOf(release), Failure.StateOf(release)));
        Assert.Equal(2, await database.ScalarAsync<long>("SELECT count(*) FROM parked_commands WHERE quarantined_because IS NULL"));
        await MendAsync(database, "commands");

        Assert.Equal(1, await database.Transaction.Releases.FinishAsync(CancellationToken.None));
        Assert.Equal(1, await database.RejectDueAsync());
        Assert.Equal(
            "accepted 7, rejected 8",
            await database.ScalarAsync<string>("SELECT string_agg(outcome || ' ' || user_id, ', ' ORDER BY user_id) FROM commands")
        );
        Assert.Equal(1m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
    }

    [Fact]
    public async Task A_table_that_refuses_every_parked_bet_stops_their_release_before_all_are_rejected()
    {
        const int Waiting = RefusedInARow.Most + 30;
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await database.ApplyAsync([
            Given.Register(),
            Given.Deposit(900_00),
            .. Enumerable.Range(1, Waiting).Select(bet => Given.Place(bet, 1_00) with { IssuedAt = Given.Now.AddSeconds(bet) }),
        ]);
        await RefuseAsync(database, "bets", "P0001");
        await database.ExecuteAsync(
            "INSERT INTO events (id, name, category, start_time, status) VALUES (8, 'City', 'football', now(), 'SCHEDULED')"
        );
        await database.Transaction.Releases.OpenAsync([new WaitKey(WaitFor.Event, Given.Event)], CancellationToken.None);

        for (var times = 0; times < 3; times++)
        {
            await Assert.ThrowsAsync<ServerRefusesException>(() => database.Transaction.Releases.FinishAsync(CancellationToken.None));
        }

        Assert.Equal(
            RefusedInARow.Most,
            await database.ScalarAsync<long>("SELECT count(*) FROM commands WHERE reason = 'refused-by-database'")
        );
        await MendAsync(database, "bets");
        Assert.Equal(30, await database.Transaction.Releases.FinishAsync(CancellationToken.None));
        Assert.Equal(30, await database.ScalarAsync<long>("SELECT count(*) FROM bets"));
        await Invariants.HoldAsync(database.Admin);
    }

    static Task RefuseAsync(Database database, string table, string state, string on = "INSERT") =>
        database.ExecuteAsync(
            $"""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'maintenance' USING ERRCODE = '{state}'; END $$;
            CREATE TRIGGER refuse BEFORE {on} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse();
            """
        );

    static Task MendAsync(Database database, string table) => database.ExecuteAsync($"DROP TRIGGER refuse ON {table}");

    static Task NotReadyAsync(Handlers handlers, string because) =>
        Deadline.UntilAsync("a door that stands", TimeSpan.FromSeconds(60), () =>
            Task.FromResult(
                handlers.Readiness.States.Values.Any(state => !state.Ready && state.Detail.Contains(because, StringComparison.Ordinal))
            )
        );
}
