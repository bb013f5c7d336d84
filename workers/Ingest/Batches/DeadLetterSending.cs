using Betting.Ingest.DeadLetters;
using Betting.Ingest.Doors;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Batches;

/// <summary>Puts messages aside for as long as it takes: their batch is not acknowledged before.</summary>
sealed class DeadLetterSending(string door, IDeadLetters deadLetters, IngestMetrics metrics, TimeProvider clock, ILogger log)
{
    public async Task SendAsync(List<DeadLetter> letters, CancellationToken stopping)
    {
        for (var attempt = 1; letters.Count > 0; attempt++)
        {
            try
            {
                await deadLetters.SendAsync(letters, stopping);
                foreach (var letter in letters)
                {
                    letter.Delivery.Answer = new Answer(null, Answer.DeadLetter, letter.Reason, letter.Field);
                    metrics.DeadLetter(door, letter.Field);
                    IngestLog.DeadLetter(log, door, letter.Delivery.Coordinates, letter.Reason);
                }
                return;
            }
            catch (Exception failure)
            {
                // What a broken-off send ends with is no failure of the broker.
                stopping.ThrowIfCancellationRequested();
                IngestLog.DeadLettersNotTaken(log, door, letters.Count, failure);
                await Task.Delay(Backoff.After(attempt, Random.Shared.NextDouble()), clock, stopping);
            }
        }
    }
}
