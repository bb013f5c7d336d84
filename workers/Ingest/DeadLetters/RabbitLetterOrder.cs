using Betting.Brokers;

namespace Betting.Ingest.DeadLetters;

/// <summary>
/// Puts the queue of dead letters into the order in which it was written. A look that ends before it has seen every letter leaves those
/// that it took behind others,
/// because a quorum queue appends what goes back to it.
/// </summary>
static class RabbitLetterOrder
{
    /// <summary>Takes the letters and gives them back in their order, where they are not in it; nobody else looks.</summary>
    /// <returns>False where the order cannot be restored: another program has mixed the letters.</returns>
    public static async Task<bool> RestoreAsync(RabbitMqOptions options, string queue, RabbitLookLock alone, CancellationToken cancellation)
    {
        var returns = new List<long>();
        await TakeAsync(LookPages.Of(await alone.CountAsync(cancellation)), returns);
        if (LookPages.Restoring(returns) is not { } pages)
        {
            return false;
        }
        // All are back then, so that the same letters are in front.
        await alone.CountAsync(cancellation);
        await TakeAsync(pages, []);
        return true;

        async Task TakeAsync(IReadOnlyList<LookPage> taken, List<long> counts)
        {
            if (taken.Count == 0)
            {
                return;
            }
            await using var look = await RabbitLook.OpenAsync(options, queue, cancellation);
            await foreach (var letter in look.TakeAsync(taken, cancellation))
            {
                counts.Add(letter.Returns);
            }
        }
    }
}
