using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Failures;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Attempts;

/// <summary>What happens to a batch after each class of failure, on a real PostgreSQL.</summary>
public sealed class TooMuchTests(Servers servers)
{
    static readonly IngestOptions AnyIssuedAt = new() { MaxIssuedAhead = TimeSpan.FromDays(365) };

    // A command has two entries: a batch of 100 sleeps for 4 s.
    const string SlowLedger = """
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$;
        CREATE TRIGGER dawdle BEFORE INSERT ON ledger_entries FOR EACH ROW EXECUTE FUNCTION dawdle();
        """;

    [Theory]
    [InlineData("Command Timeout=2")]
    [InlineData("Options=-c statement_timeout=2000")]
    public async Task A_batch_that_takes_too_long_is_halved_until_it_passes_and_grows_again(string limit)
    {
        await using var database = await Database.CreateAsync(
            servers,
            new IngestOptions { MaxIssuedAhead = TimeSpan.FromDays(365), BatchSize = 100 },
            settings: limit
        );
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        await Handlers.HandleAsync(
            handler,
            [
                [Given.Register()],
            ]
        );
        await database.ExecuteAsync(SlowLedger);

        Assert.All(await Handlers.HandleAsync(handler, Deposits(100), Deposits(60)), answer => Assert.Equal("accepted", answer));
        var largest = await LargestAsync(database);
        await database.ExecuteAsync("DROP TRIGGER dawdle ON ledger_entries");
        for (var more = 0; more < 10; more++)
        {
            await Handlers.HandleAsync(handler, Deposits(100));
        }

        Assert.InRange(largest, 10, 60);
        Assert.Equal(100, await LargestAsync(database));
        Assert.Empty(handlers.Letters);
        Assert.True(handlers.Readiness.IsReady);
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_command_that_alone_is_too_much_waits_unready_and_is_never_put_aside()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt, settings: "Command Timeout=1");
        using var handlers = new Handlers(database);
        await database.ExecuteAsync(
            """
            CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(5); RETURN NEW; END $$;
            CREATE TRIGGER dawdle BEFORE INSERT ON ledger_entries FOR EACH ROW WHEN (NEW.amount = 3) EXECUTE FUNCTION dawdle();
            """
        );

        var handling = Handlers.HandleAsync(
            handlers.New(),
            [Given.Register(), Given.Deposit(1_00), Given.Deposit(3_00), Given.Deposit(2_00)]
        );
        await Deadline.UntilAsync("the deposit before it, and unreadiness", TimeSpan.FromSeconds(60), async () =>
            !handlers.Readiness.IsReady && await database.ScalarAsync<long>("SELECT count(*) FROM commands") == 2
        );
        await database.ExecuteAsync("DROP TRIGGER dawdle ON ledger_entries");

        Assert.All(await handling, answer => Assert.Equal("accepted", answer));
        Assert.Empty(handlers.Letters);
        Assert.True(handlers.Readiness.IsReady);
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_command_whose_releases_are_too_much_for_its_transaction_leaves_them_to_smaller_ones()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt, settings: "Command Timeout=2");
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        await Handlers.HandleAsync(handler, Deposits(100));
        await database.ExecuteAsync(SlowLedger);

        Assert.Equal(
            ["accepted"],
            await Handlers.HandleAsync(
                handler,
                [
                    [Given.Register()],
                ]
            )
        );
        await Traffic.UntilCommittedAsync(() => database.Transaction.Releases.FinishAsync(CancellationToken.None));

        Assert.Equal(100m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        Assert.InRange(await LargestAsync(database), 1, 60);
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task An_unknown_failure_isolates_its_command_which_waits_and_is_never_taken_for_bad_data()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        await database.ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never heard of' USING ERRCODE = 'HV000'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON ledger_entries FOR EACH ROW WHEN (NEW.amount = 3) EXECUTE FUNCTION refuse();
            """
        );

        var handling = Handlers.HandleAsync(
            handlers.New(),
            [Given.Register(), Given.Deposit(1_00), Given.Deposit(3_00), Given.Deposit(2_00)]
        );
        await Deadline.UntilAsync("the deposit before it, and unreadiness", TimeSpan.FromSeconds(60), async () =>
            handlers.Readiness.States.GetValueOrDefault(PostgresAvailability.Condition).Detail is { } why
            && why.Contains("Unknown, SQLSTATE HV000", StringComparison.Ordinal)
            && await database.ScalarAsync<long>("SELECT count(*) FROM commands") == 2
        );
        await database.ExecuteAsync("DROP TRIGGER refuse ON ledger_entries");

        Assert.All(await handling, answer => Assert.Equal("accepted", answer));
        Assert.Empty(handlers.Letters);
        await Invariants.HoldAsync(database.Admin);
    }

    [Theory]
    [InlineData("REVOKE INSERT ON ledger_entries FROM ingest", "GRANT INSERT ON ledger_entries TO ingest", "42501")]
    [InlineData("ALTER TABLE ledger_entries RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO ledger_entries", "42P01")]
    public async Task A_wrong_configuration_is_waited_for_and_named_in_readiness(string wrong, string right, string state)
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        await database.ExecuteAsync(wrong);

        var handling = Handlers.HandleAsync(handlers.New(), [Given.Register(), Given.Deposit(1_00)]);
        await Deadline.UntilAsync("unreadiness", TimeSpan.FromSeconds(30), () =>
            Task.FromResult(
                handlers.Readiness.States.GetValueOrDefault(PostgresAvailability.Condition).Detail == $"Configuration, SQLSTATE {state}"
            )
        );
        await database.ExecuteAsync(right);

        Assert.All(await handling, answer => Assert.Equal("accepted", answer));
        Assert.Empty(handlers.Letters);
        Assert.True(handlers.Readiness.IsReady);
    }

    static BetCommand[] Deposits(int count) => [.. Enumerable.Range(0, count).Select(_ => Given.Deposit(1_00))];

    // Deposits in one transaction.
    static Task<long> LargestAsync(Database database) =>
        database.ScalarAsync<long>("SELECT max(n) FROM (SELECT count(*) AS n FROM commands WHERE kind = 'deposit' GROUP BY xmin) x");
}
