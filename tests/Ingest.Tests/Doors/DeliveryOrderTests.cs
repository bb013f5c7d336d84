using Betting.Ingest.Doors;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Betting.Tests.Ingest.Doors;

public sealed class DeliveryOrderTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    [Fact]
    public void However_they_are_shuffled_deliveries_come_out_as_the_broker_sent_them()
    {
        Gen.Shuffle(Enumerable.Range(1, 50).ToArray()).Sample(shuffled =>
        {
            var order = new DeliveryOrder<int>(Patience, new FakeTimeProvider());
            var sorted = new List<int>();
            foreach (var number in shuffled)
            {
                order.Add("a", (ulong)number, number, sorted);
            }
            Assert.Equal(Enumerable.Range(1, 50), sorted);
        });
    }

    [Fact]
    public void A_gap_that_does_not_close_is_passed_over_when_patience_is_at_its_end()
    {
        var clock = new FakeTimeProvider();
        var order = new DeliveryOrder<int>(Patience, clock);
        var sorted = new List<int>();
        order.Add("a", 3, 3, sorted);
        order.Add("a", 2, 2, sorted);
        order.PassOverdue(sorted);
        Assert.Empty(sorted);

        clock.Advance(Patience);
        order.PassOverdue(sorted);
        Assert.Equal([2, 3], sorted);

        order.Add("a", 1, 1, sorted);
        Assert.Equal([2, 3, 1], sorted);
    }

    [Fact]
    public void A_new_consumer_starts_from_one_and_what_the_old_one_held_goes_first()
    {
        var order = new DeliveryOrder<string>(Patience, new FakeTimeProvider());
        var sorted = new List<string>();
        order.Add("old", 2, "old 2", sorted);
        order.Add("new", 2, "new 2", sorted);
        order.Add("new", 1, "new 1", sorted);

        Assert.Equal(["old 2", "new 1", "new 2"], sorted);
    }
}
