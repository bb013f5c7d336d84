using Betting.Connections;

namespace Betting.Ingest.DeadLetters;

/// <summary>
/// Puts the queue of dead letters into the order in which it was written. A look that ends before it has seen every letter leaves those that it took behind the others,
/// because a quorum queue appends what goes back to it. That turns the queue and does not mix it: the letters in front of it are those that went back less often.
/// </summary>
public static class RabbitLetterOrder
{
    /// <summary>Turns the queue on until its first letter is in front; nobody else looks.</summary>
    /// <returns>False where turning is not enough: another program has mixed the letters.</returns>
    public static async Task<bool> RestoreAsync(RabbitMqOptions options, string queue, RabbitLookLock alone, CancellationToken cancellation)
    {
        if (await MisplacedAsync(options, queue, alone, cancellation) is not { } misplaced)
        {
            return true;
        }
        // All are back, so that those in front are taken.
        await alone.CountAsync(cancellation);
        await using (var look = await RabbitLook.OpenAsync(options, queue, cancellation))
        {
            await foreach (var _ in look.TakeAsync(misplaced, cancellation))
            {
                // Given back behind the others.
            }
        }
        return await MisplacedAsync(options, queue, alone, cancellation) is null;
    }

    /// <summary>How many letters stand in front of the first one, by the number of times that each went back to the queue; null where none does.</summary>
    public static long? Misplaced(IEnumerable<long> returns)
    {
        var (at, last) = (0L, long.MaxValue);
        foreach (var times in returns)
        {
            if (times > last)
            {
                return at;
            }
            (at, last) = (at + 1, times);
        }
        return null;
    }

    static async Task<long?> MisplacedAsync(RabbitMqOptions options, string queue, RabbitLookLock alone, CancellationToken cancellation)
    {
        var count = await alone.CountAsync(cancellation);
        var returns = new List<long>();
        await using (var look = await RabbitLook.OpenAsync(options, queue, cancellation))
        {
            await foreach (var letter in look.TakeAsync(count, cancellation))
            {
                returns.Add(letter.Returns);
            }
        }
        return Misplaced(returns);
    }
}
