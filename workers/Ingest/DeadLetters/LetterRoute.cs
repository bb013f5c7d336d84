using Betting.Hosting;
using Betting.Ingest.Messages;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.DeadLetters;

/// <summary>
/// Where a door's dead letters go: to its broker whole; shortened where the broker refuses that letter; to the table
/// <c>dead_letters</c> where it refuses the shortened one as well, or takes no letters for longer than <see cref="TableAfter"/>.
/// Readiness says when none of these takes them.
/// </summary>
public sealed class LetterRoute(
    string door,
    ILetterBroker broker,
    DeadLetterTable table,
    Readiness readiness,
    IngestMetrics metrics,
    TimeProvider clock,
    ILogger log
) : IDeadLetters
{
    /// <summary>A broker that is restarted is back before; nothing of the batch is acknowledged meanwhile.</summary>
    public static readonly TimeSpan TableAfter = TimeSpan.FromSeconds(15);

    long? _failingSince;

    string Condition => $"{door}-dead-letters";

    /// <inheritdoc/>
    /// <remarks>Letters that are aside, or whose message the broker delivers again anyway, are left out.</remarks>
    public async Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        try
        {
            await PutAsideAsync(letters, began, cancellation);
            readiness.Set(Condition, true);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            _failingSince ??= began;
            readiness.Set(Condition, false, $"{letters.Count} dead letters are taken by nobody ({failure.GetType().Name})");
            throw;
        }
    }

    async Task PutAsideAsync(IReadOnlyList<DeadLetter> letters, long began, CancellationToken cancellation)
    {
        try
        {
            await SendLeftAsync(letters, isShortened: false, cancellation);
            _failingSince = null;
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            if (broker.IsRefusal(failure))
            {
                await OneByOneAsync(letters, cancellation);
                _failingSince = null;
            }
            else if (clock.GetElapsedTime(_failingSince ?? began) >= TableAfter)
            {
                // The next letters do not wait again: the broker has taken none since.
                _failingSince ??= began;
                await StoreAsync(Left(letters), failure, cancellation);
            }
            else
            {
                throw;
            }
        }
    }

    // One letter can close the channel that carries all of them; alone, each is answered for itself.
    async Task OneByOneAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        foreach (var letter in letters)
        {
            if (
                await RefusalAsync(letter, isShortened: false, cancellation) is not null
                && await RefusalAsync(letter, isShortened: true, cancellation) is { } refusal
            )
            {
                await StoreAsync(Left([letter]), refusal, cancellation);
            }
        }
    }

    async Task<Exception?> RefusalAsync(DeadLetter letter, bool isShortened, CancellationToken cancellation)
    {
        try
        {
            await SendLeftAsync([letter], isShortened, cancellation);
            return null;
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested && broker.IsRefusal(failure))
        {
            return failure;
        }
    }

    Task SendLeftAsync(IReadOnlyList<DeadLetter> letters, bool isShortened, CancellationToken cancellation) =>
        Left(letters) is { Count: > 0 } left ? broker.SendAsync(left, isShortened, cancellation) : Task.CompletedTask;

    async Task StoreAsync(List<DeadLetter> letters, Exception failure, CancellationToken cancellation)
    {
        if (letters.Count == 0)
        {
            return;
        }
        await table.InsertAsync(door, letters, cancellation);
        metrics.DeadLettersInTable(door, letters.Count);
        IngestLog.DeadLettersInTable(log, door, letters.Count, $"{failure.GetType().Name}: {failure.Message}");
    }

    static List<DeadLetter> Left(IReadOnlyList<DeadLetter> letters) =>
        [.. letters.Where(letter => !letter.IsAside && !letter.Delivery.ComesAgain)];
}

/// <summary>A broker's queue or topic of dead letters.</summary>
public interface ILetterBroker
{
    /// <summary>
    /// Returns when the broker has all letters on its disk; marks each with <see cref="DeadLetter.IsAside"/> as soon as it is confirmed.
    /// </summary>
    /// <param name="letters">Which.</param>
    /// <param name="isShortened">True where they are to be cut to <see cref="LetterForm.ShortenedBytes"/>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    Task SendAsync(IReadOnlyList<DeadLetter> letters, bool isShortened, CancellationToken cancellation);

    /// <summary>
    /// True where the failure says something about what was sent, not about the broker: sent unchanged, it would be refused again.
    /// </summary>
    bool IsRefusal(Exception failure);
}
