using Betting.Ingest.Doors;
using Microsoft.Extensions.Time.Testing;

namespace Betting.Tests.Ingest.Doors;

/// <summary>How long RabbitMQ's queue has not moved for a replica that is given nothing.</summary>
public sealed class StandingQueueTests
{
    readonly FakeTimeProvider _clock = new();

    [Fact]
    public void It_stands_while_the_number_of_messages_stays_or_grows_and_nothing_is_delivered_here()
    {
        var queue = new StandingQueue(_clock);

        Assert.Equal(TimeSpan.Zero, Look(queue, 30));
        Assert.Equal(TimeSpan.FromSeconds(1), Look(queue, 30));
        Assert.Equal(TimeSpan.FromSeconds(2), Look(queue, 45));
        // Somebody takes some.
        Assert.Equal(TimeSpan.Zero, Look(queue, 44));
        Assert.Equal(TimeSpan.FromSeconds(1), Look(queue, 44));
        Assert.Equal(TimeSpan.Zero, Look(queue, 0));
        Assert.Equal(TimeSpan.Zero, Look(queue, 5));
        Assert.Equal(TimeSpan.FromSeconds(1), Look(queue, 5));
        Assert.Equal(TimeSpan.Zero, Look(queue, 9, isActive: true));
        Assert.Equal(TimeSpan.Zero, Look(queue, 9));
    }

    [Fact]
    public void It_is_reported_once_after_a_minute_and_again_when_it_has_moved_meanwhile()
    {
        var queue = new StandingQueue(_clock);

        Assert.Equal(1, Reports(180));
        Look(queue, 0);
        Assert.Equal(0, Reports(60));
        Assert.Equal(1, Reports(60));

        int Reports(int looks) => Enumerable.Range(0, looks).Count(_ => queue.IsToReport(Look(queue, 7)));
    }

    // One look a second.
    TimeSpan Look(StandingQueue queue, uint ready, bool isActive = false)
    {
        var standing = queue.Look(ready, isActive);
        _clock.Advance(TimeSpan.FromSeconds(1));
        return standing;
    }
}
