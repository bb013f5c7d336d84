using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.DeadLetters;

/// <summary>
/// Puts records aside: on the dead-letter topic of their own topic, shortened where they are too large for it; what no broker takes, whole,
/// into the table <c>dead_letters</c> of ClickHouse. Only when neither takes a letter do the records behind it wait, and readiness says so.
/// </summary>
public sealed class DeadLetterRouter(
    DeadLetterTopic topic,
    DeadLetterTable table,
    CdcSinkMetrics metrics,
    Readiness readiness,
    ILogger<DeadLetterRouter> log
) : IDeadLetters
{
    /// <summary>Readiness: false while a letter can be put aside nowhere.</summary>
    public const string Condition = "dead-letters";

    // Letters are copied to be sent: so many bytes of them at a time.
    const long MaxBytesTogether = 32 << 20;

    int _sending;

    public bool WaitsForKafka => Volatile.Read(ref _sending) > 0;

    public async Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        var part = new List<DeadLetter>();
        var bytes = 0L;
        foreach (var letter in letters)
        {
            part.Add(letter);
            bytes += letter.Record.Memory;
            if (bytes >= MaxBytesTogether)
            {
                await SendPartAsync(part, cancellation);
                (part, bytes) = ([], 0);
            }
        }
        await SendPartAsync(part, cancellation);
    }

    async Task<List<RefusedLetter>> SendToKafkaAsync(List<DeadLetter> part, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _sending);
        try
        {
            return [.. (await Task.WhenAll(part.Select(letter => topic.TrySendAsync(letter, cancellation)))).OfType<RefusedLetter>()];
        }
        finally
        {
            Interlocked.Decrement(ref _sending);
        }
    }

    async Task SendPartAsync(List<DeadLetter> part, CancellationToken cancellation)
    {
        var refused = await SendToKafkaAsync(part, cancellation);
        if (refused.Count == 0)
        {
            readiness.Set(Condition, ready: true);
            return;
        }
        var cause = refused[0].Cause;
        CdcSinkLog.LettersInClickHouse(log, refused.Count, refused[0].Letter.Record.Topic, cause);
        try
        {
            await table.InsertAsync(refused, cancellation);
            metrics.DeadLettersInTable(refused.Count);
            readiness.Set(Condition, ready: true);
        }
        catch (Exception failure) when (ClickHouseErrors.Classify(failure, cancellation, out var code) is not null)
        {
            readiness.Set(
                Condition,
                ready: false,
                $"a record that cannot be used can be put aside neither in Kafka ({cause}) nor in ClickHouse ({code})"
            );
            throw;
        }
    }
}

/// <summary>A letter that Kafka did not take.</summary>
/// <param name="Letter">The letter, whole.</param>
/// <param name="Cause">Kafka's error code.</param>
public sealed record RefusedLetter(DeadLetter Letter, string Cause);
