using Betting.Ingest.Claim;

namespace Betting.Tests.Ingest.Claim;

public sealed class TurnTests
{
    readonly Turn _first = Turn.First();

    [Fact]
    public async Task A_batch_takes_its_ids_when_the_one_before_has_its_own_and_comes_when_that_one_is_committed()
    {
        var second = _first.Next();
        var mayTake = second.MayTakeAsync();
        var comes = second.ComesAsync();
        Assert.False(mayTake.IsCompleted);

        _first.Taken();
        Assert.True(await mayTake);
        Assert.False(comes.IsCompleted);

        _first.Done();
        await comes;
        Assert.True(await second.KeepsAsync());
    }

    [Fact]
    public async Task What_was_taken_is_let_go_of_when_the_batch_before_has_to_begin_anew()
    {
        var second = _first.Next();
        _first.Taken();
        Assert.True(await second.MayTakeAsync());

        _first.Stumbled();

        Assert.False(await second.KeepsAsync());
        Assert.False(await second.MayTakeAsync());
        Assert.False(second.ComesAsync().IsCompleted);
    }

    [Fact]
    public async Task A_batch_whose_predecessor_was_given_up_does_not_come()
    {
        var second = _first.Next();
        _first.GivenUp();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(second.ComesAsync);
    }

    [Fact]
    public void A_turn_that_is_over_keeps_none_of_those_before_it()
    {
        var gone = Chain(out var last);

        GC.Collect();

        Assert.False(gone.TryGetTarget(out _));
        last.Done();
    }

    // In a method of its own, so that no variable of the test holds the first one.
    static WeakReference<Turn> Chain(out Turn last)
    {
        var first = Turn.First();
        var second = first.Next();
        first.Done();
        second.Done();
        last = second.Next();
        return new WeakReference<Turn>(first);
    }
}
