using Betting.Hosting;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Parking;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Betting.Tests.Ingest.Store;

/// <summary>PostgreSQL's clock decides; the replica's own is only compared with it.</summary>
public sealed class ClockTests(Servers servers)
{
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
            Given.Register() with { IssuedAt = now }, Given.Deposit(5_00) with { IssuedAt = now.AddMinutes(4) }, Given.Deposit(5_00) with { IssuedAt = now.AddMinutes(7) },
            Given.Settle(1, 0) with { IssuedAt = now });

        Assert.Equal([Outcome.Accepted, Outcome.Accepted, Outcome.Rejected(Reasons.IssuedInFuture), Outcome.WaitsForBet(1)], outcomes.Select(outcome => outcome with { Until = null }));
        Assert.Equal(await database.ScalarAsync<DateTime>("SELECT deadline FROM parked_commands"), outcomes[^1].Until);
        Assert.InRange(await database.ScalarAsync<TimeSpan>("SELECT deadline - now() FROM parked_commands"), TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        Assert.InRange(await database.ScalarAsync<TimeSpan>("SELECT max(now() - applied_at) FROM commands"), TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.Equal(0, await database.RejectDueAsync());
        await database.AdvanceAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(1, await database.RejectDueAsync());
    }

    [Fact]
    public void A_slow_answer_is_no_difference_and_a_difference_above_the_limit_is_unready_until_it_is_gone()
    {
        var clock = new FakeTimeProvider(Given.Now);
        var readiness = new Readiness();
        using var metrics = new IngestMetrics(clock);
        var watch = new ClockWatch(Options.Create(new IngestOptions()), readiness, metrics, clock, NullLogger<ClockWatch>.Instance);

        watch.Compare(Given.Now, Given.Now.AddSeconds(20), Given.Now.AddSeconds(30));
        Assert.True(readiness.IsReady);
        watch.Compare(Given.Now, Given.Now.AddMinutes(6), Given.Now.AddMilliseconds(1));
        Assert.Equal("-360.0 s from PostgreSQL's clock", readiness.States[ClockWatch.Condition].Detail);
        watch.Compare(Given.Now, Given.Now.AddMinutes(-6), Given.Now.AddMilliseconds(1));
        Assert.Equal("+360.0 s from PostgreSQL's clock", readiness.States[ClockWatch.Condition].Detail);
        watch.Compare(Given.Now, Given.Now.AddSeconds(4.9), Given.Now);
        Assert.True(readiness.IsReady);
    }
}
