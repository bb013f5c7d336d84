using Betting.Ingest.Attempts;
using Betting.Ingest.Failures;
using Betting.Ingest.Messages;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Acknowledge;

/// <summary>Puts messages aside for as long as it takes: their batch is not acknowledged before.</summary>
sealed class DeadLetterSending(
    string door,
    IDeadLetters deadLetters,
    FollowedCommands followed,
    IngestMetrics metrics,
    TimeProvider clock,
    ILogger log
)
{
    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);

    long? _reported;

    public async Task SendAsync(List<DeadLetter> letters, CancellationToken stopping)
    {
        for (var attempt = 1; letters.Count > 0; attempt++)
        {
            try
            {
                await deadLetters.SendAsync(letters, stopping);
                break;
            }
            catch (Exception failure)
            {
                // What a broken-off send ends with is no failure of the broker.
                stopping.ThrowIfCancellationRequested();
                Report(letters.Count, failure);
                await Task.Delay(Backoff.After(attempt, Random.Shared.NextDouble()), clock, stopping);
            }
        }
        // A message that the broker delivers again was left out, and has no answer yet.
        foreach (var letter in letters.Where(letter => letter.IsAside || !letter.Delivery.ComesAgain))
        {
            letter.Delivery.Reply = new Reply(letter.CommandId, Reply.DeadLetter, letter.Reason, letter.Field);
            metrics.DeadLetter(door, letter.Field);
            IngestLog.DeadLetter(log, door, letter.Delivery.Coordinates, letter.Reason);
            followed.PutAside(door, letter);
        }
    }

    /// <summary>The letters of an abandoned batch are the next owner's: readiness does not wait for them here.</summary>
    public Task ForgetAsync() => deadLetters.SendAsync([], CancellationToken.None);

    void Report(int letters, Exception failure)
    {
        if (_reported is null || clock.GetElapsedTime(_reported.Value) >= SayAgainAfter)
        {
            _reported = clock.GetTimestamp();
            IngestLog.DeadLettersNotTaken(log, door, letters, $"{failure.GetType().Name}: {failure.Message}");
        }
    }
}
