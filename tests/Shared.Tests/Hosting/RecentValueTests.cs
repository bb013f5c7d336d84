using Betting.Hosting;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

public sealed class RecentValueTests
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    readonly FakeTimeProvider _clock = new();

    [Fact]
    public void A_value_is_known_from_the_first_look_until_the_last_one_is_older_than_the_limit()
    {
        var value = new RecentValue<int>(Limit, _clock);
        Assert.Empty(value.Known);

        value.Set(7);
        _clock.Advance(Limit);
        Assert.True(value.TryGet(out var known));
        Assert.Equal(7, known);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(value.TryGet(out _));
        Assert.Empty(value.Known);

        value.Set(0);
        Assert.Equal([0], value.Known);
    }
}
