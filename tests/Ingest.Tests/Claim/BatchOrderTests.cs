using Betting.Ingest.Claim;

namespace Betting.Tests.Ingest.Claim;

public sealed class BatchOrderTests
{
    readonly BatchOrder _first = BatchOrder.First();

    [Fact]
    public async Task A_batch_takes_its_ids_when_the_one_before_has_its_own_and_comes_when_that_one_is_committed()
    {
        var second = _first.Next();
        var mayTake = second.WaitForPredecessorClaimAsync();
        var comes = second.WaitForTurnAsync();
        Assert.False(mayTake.IsCompleted);

        _first.Claimed();
        Assert.True(await mayTake);
        Assert.False(comes.IsCompleted);

        _first.Committed();
        await comes;
        Assert.True(await second.WaitForPredecessorCommitAsync());
    }

    [Fact]
    public async Task What_was_taken_is_let_go_of_when_the_batch_before_has_to_begin_anew()
    {
        var second = _first.Next();
        _first.Claimed();
        Assert.True(await second.WaitForPredecessorClaimAsync());

        _first.Release();

        Assert.False(await second.WaitForPredecessorCommitAsync());
        Assert.False(await second.WaitForPredecessorClaimAsync());
        Assert.False(second.WaitForTurnAsync().IsCompleted);
    }

    [Fact]
    public async Task A_batch_whose_predecessor_was_given_up_does_not_come()
    {
        var second = _first.Next();
        _first.Abandon();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(second.WaitForTurnAsync);
    }

    [Fact]
    public void A_turn_that_is_over_keeps_none_of_those_before_it()
    {
        var gone = Chain(out var last);

        GC.Collect();

        Assert.False(gone.TryGetTarget(out _));
        last.Committed();
    }

    // In a method of its own, so that no variable of the test holds the first one.
    static WeakReference<BatchOrder> Chain(out BatchOrder last)
    {
        var first = BatchOrder.First();
        var second = first.Next();
        first.Committed();
        second.Committed();
        last = second.Next();
        return new WeakReference<BatchOrder>(first);
    }
}
