using Betting.Contracts.Commands;
using Betting.Hosting;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Ingest.Messages;
using Betting.Ingest.Parking;
using Betting.Ingest.Postgres;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Betting.Tests.Ingest.Postgres;

/// <summary>PostgreSQL's clock decides unless it jumped; the replica's own is only compared with it.</summary>
public sealed class ClockTests(Servers servers)
{
    const int Day = 86_400;

    [Theory]
    [InlineData(-6)]
    [InlineData(0)]
    [InlineData(6)]
    public async Task A_replica_whose_clock_is_minutes_off_decides_as_any_other(int minutes)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        await using var database = await Database.CreateAsync(servers, new IngestOptions { ParkFor = TimeSpan.FromMinutes(5) }, clock);
        var now = await database.ScalarAsync<DateTime>("SELECT now()");
        clock.SetUtcNow(now + TimeSpan.FromMinutes(minutes));

        var outcomes = await database.ApplyAsync(
            Given.Register() with
            {
                IssuedAt = now,
            },
            Given.Deposit(5_00) with
            {
                IssuedAt = now.AddMinutes(4),
            },
            Given.Deposit(5_00) with
            {
                IssuedAt = now.AddMinutes(7),
            },
            Given.Settle(1, 0) with
            {
                IssuedAt = now,
            }
        );

        Assert.Equal(
            [Outcome.Accepted, Outcome.Accepted, Outcome.Rejected(Reasons.IssuedInFuture), Outcome.WaitsForBet(1)],
            outcomes.Select(outcome => outcome with { Until = null })
        );
        Assert.Equal(await database.ScalarAsync<DateTime>("SELECT deadline FROM parked_commands"), outcomes[^1].Until);
        Assert.InRange(
            await database.ScalarAsync<TimeSpan>("SELECT deadline - now() FROM parked_commands"),
            TimeSpan.FromMinutes(4),
            TimeSpan.FromMinutes(5)
        );
        Assert.InRange(
            await database.ScalarAsync<TimeSpan>("SELECT max(now() - applied_at) FROM commands"),
            TimeSpan.Zero,
            TimeSpan.FromMinutes(1)
        );
        Assert.Equal(0, await database.RejectDueAsync());
        await database.AdvanceAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(1, await database.RejectDueAsync());
    }

    [Theory]
    [InlineData(-2 * 3600)]
    [InlineData(Day)]
    [InlineData(-20)]
    [InlineData(700)]
    public async Task While_PostgreSQLs_clock_has_jumped_no_batch_is_decided_and_no_parked_command_rejected_and_then_all_are_as_if_nothing_had_been(
        int seconds
    )
    {
        await using var database = await Database.CreateAsync(servers, new IngestOptions { MaxIssuedAhead = TimeSpan.FromSeconds(10) });
        var now = await database.ScalarAsync<DateTime>("SELECT now()");
        await database.ApplyAsync(Given.Register() with { IssuedAt = now }, Given.Settle(1, 0) with { IssuedAt = now });
        BetCommand[] batch = [Given.Deposit(5_00) with { IssuedAt = now }, Given.Settle(2, 0) with { IssuedAt = now }];
        // A batch that has taken its ids meets the jump as well as one that has not.
        await using var early = await database.Transaction.TakeAsync([new HashedCommand(batch[0])], CancellationToken.None);

        await database.JumpAsync(TimeSpan.FromSeconds(seconds));
        await Assert.ThrowsAsync<PostgresClockException>(() => database.Transaction.ApplyAsync(early, CancellationToken.None));
        await early.DisposeAsync();
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await Assert.ThrowsAsync<PostgresClockException>(() => database.ApplyAsync(batch));
            await Assert.ThrowsAsync<PostgresClockException>(database.RejectDueAsync);
        }
        Assert.Equal(
            "accepted parked",
            await database.ScalarAsync<string>("SELECT string_agg(outcome, ' ' ORDER BY outcome) FROM commands")
        );

        await database.JumpAsync(TimeSpan.FromSeconds(-seconds));
        Assert.Equal(
            [Outcome.Accepted, Outcome.WaitsForBet(2)],
            (await database.ApplyAsync(batch)).Select(outcome => outcome with { Until = null })
        );
        Assert.Equal(0, await database.RejectDueAsync());
        Assert.Equal(
            2,
            await database.ScalarAsync<long>(
                "SELECT count(*) FROM parked_commands WHERE deadline BETWEEN now() AND now() + interval '10 minutes'"
            )
        );
        await database.AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(2, await database.RejectDueAsync());
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_release_waits_while_PostgreSQLs_clock_has_jumped()
    {
        await using var database = await Database.CreateAsync(servers, new IngestOptions { MaxIssuedAhead = TimeSpan.FromDays(365) });
        await database.ApplyAsync(Given.Deposit(1_00), Given.Deposit(2_00));
        await database.ExecuteAsync("INSERT INTO users VALUES (7, 'Ada', now()); INSERT INTO wallets VALUES (7, 0)");
        await database.Transaction.Releases.OpenAsync([new WaitKey(WaitFor.User, 7)], CancellationToken.None);

        await database.JumpAsync(TimeSpan.FromDays(1));
        await Assert.ThrowsAsync<PostgresClockException>(() => database.Transaction.Releases.FinishAsync(CancellationToken.None));
        Assert.Equal(2, await database.ScalarAsync<long>("SELECT count(*) FROM parked_commands"));

        await database.JumpAsync(TimeSpan.FromDays(-1));
        Assert.Equal(2, await database.Transaction.Releases.FinishAsync(CancellationToken.None));
        Assert.Equal(3m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
    }

    [Fact]
    public async Task A_clock_that_was_wrong_from_the_start_decides_and_its_correction_is_no_doubt()
    {
        await using var database = await Database.CreateAsync(servers);
        var now = await database.ScalarAsync<DateTime>("SELECT now()");
        await database.JumpAsync(TimeSpan.FromHours(-2));
        Assert.Equal([Outcome.Rejected(Reasons.IssuedInFuture)], await database.ApplyAsync(Given.Register() with { IssuedAt = now }));

        await database.JumpAsync(TimeSpan.FromHours(2));

        Assert.Equal([Outcome.Accepted], await database.ApplyAsync(Given.Register() with { IssuedAt = now }));
    }

    [Fact]
    public async Task A_worker_started_anew_takes_PostgreSQLs_clock_as_it_is()
    {
        await using var database = await Database.CreateAsync(servers);
        var now = await database.ScalarAsync<DateTime>("SELECT now()");
        await database.ApplyAsync(Given.Register() with { IssuedAt = now });
        await database.JumpAsync(TimeSpan.FromHours(2));
        HashedCommand[] later = [new(Given.Deposit(5_00) with { IssuedAt = now.AddHours(2) })];
        await Assert.ThrowsAsync<PostgresClockException>(() => database.Transaction.ApplyAsync(later, CancellationToken.None));

        var restarted = database.NewTransaction(database.NewClock());

        Assert.Equal([Outcome.Accepted], await restarted.ApplyAsync(later, CancellationToken.None));
    }

    [Fact]
    public void A_slow_answer_is_no_difference_and_a_difference_above_the_limit_is_unready_until_it_is_gone()
    {
        var (clock, readiness) = (new FakeTimeProvider(Given.Now), new Readiness());
        using var metrics = new IngestMetrics(clock);
        var watch = Watch(clock, readiness, metrics);

        watch.Compare(Reading(answerSeconds: 30, postgresSeconds: 20), null);
        Assert.True(readiness.IsReady);
        watch.Compare(Reading(0.001, 360), null);
        Assert.Equal("-360.0 s from PostgreSQL's clock", readiness.States[ClockWatch.Condition].Detail);
        watch.Compare(Reading(0.001, -360), null);
        Assert.Equal("+360.0 s from PostgreSQL's clock", readiness.States[ClockWatch.Condition].Detail);
        watch.Compare(Reading(0, 4.9), null);
        Assert.True(readiness.IsReady);
    }

    [Fact]
    public void Where_PostgreSQLs_clock_jumped_readiness_names_it_and_not_this_machines()
    {
        var (clock, readiness) = (new FakeTimeProvider(Given.Now), new Readiness());
        using var metrics = new IngestMetrics(clock);
        var watch = Watch(clock, readiness, metrics);

        watch.Compare(Reading(0.001, -7200), new ClockDoubt(TimeSpan.FromHours(-2), TimeSpan.Zero));
        Assert.Equal(
            "PostgreSQL's clock jumped by -7200.0 s; nothing is decided until it agrees with this machine's clock",
            readiness.States[ClockWatch.Condition].Detail
        );
        watch.Compare(Reading(0.001, 0), null);
        Assert.True(readiness.IsReady);
    }

    static ClockWatch Watch(FakeTimeProvider clock, Readiness readiness, IngestMetrics metrics) =>
        new(Options.Create(new IngestOptions()), readiness, metrics, clock, NullLogger<ClockWatch>.Instance);

    static ClockReading Reading(double answerSeconds, double postgresSeconds) =>
        new(
            new Moment(TimeSpan.Zero, Given.Now),
            Given.Now.AddSeconds(postgresSeconds),
            new Moment(TimeSpan.FromSeconds(answerSeconds), Given.Now.AddSeconds(answerSeconds))
        );
}
