using Betting.Ingest.RabbitMq;
using Microsoft.Extensions.Time.Testing;

namespace Betting.Tests.Ingest.RabbitMq;

/// <summary>When RabbitMQ's queue of commands stands, by what one replica sees of it.</summary>
public sealed class RabbitBacklogTests
{
    readonly FakeTimeProvider _clock = new();

    [Fact]
    public void A_queue_that_has_commands_and_does_not_fall_stands_and_growth_is_no_movement()
    {
        var backlog = new RabbitBacklog(_clock);

        Assert.Equal([0, 5, 10, 15], Seconds(backlog, (30, false), (30, false), (40, false), (41, false)));
        Assert.Equal([0, 5, 0], Seconds(backlog, (40, false), (40, false), (0, false)));
        Assert.Equal([0, 5], Seconds(backlog, (7, false), (7, false)));
    }

    [Fact]
    public void What_this_replica_receives_is_movement_although_publishers_are_faster()
    {
        Assert.Equal([0, 0, 0, 5], Seconds(new RabbitBacklog(_clock), (10, false), (20, true), (30, true), (40, false)));
    }

    [Fact]
    public void What_was_seen_before_an_outage_does_not_count()
    {
        var backlog = new RabbitBacklog(_clock);
        Assert.Equal([0, 5], Seconds(backlog, (10, false), (10, false)));

        backlog.Forget();

        Assert.Equal([0, 5], Seconds(backlog, (10, false), (10, false)));
    }

    [Fact]
    public void How_long_the_queue_stands_is_known_once_this_replica_has_seen_it_move()
    {
        var backlog = new RabbitBacklog(_clock);
        Assert.Equal([false, false, false, true, true], Known((10, false), (10, false), (12, false), (11, false), (11, false)));
        backlog.Forget();
        Assert.Equal([false, true], Known((10, false), (11, true)));
        backlog.Forget();
        Assert.Equal([true, true, true], Known((0, false), (5, false), (9, false)));

        List<bool> Known(params (uint Depth, bool HasReceived)[] looks) =>
            [
                .. looks.Select(look =>
                {
                    backlog.Observe(look.Depth, look.HasReceived);
                    return backlog.HasSeenMovement;
                }),
            ];
    }

    // Looks that are 5 s apart.
    List<double> Seconds(RabbitBacklog backlog, params (uint Depth, bool HasReceived)[] looks) =>
        [
            .. looks.Select(look =>
            {
                var standing = backlog.Observe(look.Depth, look.HasReceived);
                _clock.Advance(TimeSpan.FromSeconds(5));
                return standing.TotalSeconds;
            }),
        ];
}
