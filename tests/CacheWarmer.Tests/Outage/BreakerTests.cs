using Betting.CacheWarmer;
using Betting.CacheWarmer.Outage;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Betting.Tests.CacheWarmer.Outage;

public sealed class BreakerTests
{
    readonly FakeTimeProvider _clock = new();

    Breaker New() => new(Options.Create(new CacheWarmerOptions()), _clock);

    [Fact]
    public void It_opens_after_five_failures_in_a_row_and_not_before()
    {
        var breaker = New();
        for (var failure = 0; failure < 4; failure++)
        {
            Assert.False(breaker.Failed());
        }
        Assert.False(breaker.Succeeded());
        for (var failure = 0; failure < 4; failure++)
        {
            Assert.False(breaker.Failed());
        }
        Assert.True(breaker.Allows());
        Assert.True(breaker.Failed());
        Assert.True(breaker.IsOpen);
        Assert.False(breaker.Allows());
    }

    [Fact]
    public void While_open_it_lets_one_attempt_through_in_thirty_seconds()
    {
        var breaker = New();
        for (var failure = 0; failure < 5; failure++)
        {
            breaker.Failed();
        }
        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(breaker.Allows());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(breaker.Allows());
        Assert.False(breaker.Allows());
        Assert.False(breaker.Failed());
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.True(breaker.Allows());
        Assert.True(breaker.Succeeded());
        Assert.False(breaker.IsOpen);
    }
}
