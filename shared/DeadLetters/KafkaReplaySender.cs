using Betting.Brokers;
using Confluent.Kafka;

namespace Betting.DeadLetters;

/// <summary>Sends originals back to Kafka, each in a batch of its own, and tells the answer to each.</summary>
/// <remarks>A record that is larger than the topic takes is sent once more, compressed: its publisher may have compressed it too.</remarks>
public sealed class KafkaReplaySender : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    readonly KafkaLetterSender _plain,
        _compressed;

    /// <param name="kafka">Where the brokers are.</param>
    public KafkaReplaySender(KafkaOptions kafka) =>
        (_plain, _compressed) = (
            new KafkaLetterSender(kafka, Limit, RecordBatching.Alone),
            new KafkaLetterSender(kafka, Limit, RecordBatching.AloneCompressed)
        );

    /// <summary>Returns an answer for each original, in their order; never throws for one of them.</summary>
    public Task<ReplayAnswer[]> SendBackAsync(IEnumerable<KafkaOriginal> originals, CancellationToken cancellation) =>
        Task.WhenAll(originals.Select(original => AnswerAsync(original, cancellation)));

    public void Dispose()
    {
        _plain.Dispose();
        _compressed.Dispose();
    }

    async Task<ReplayAnswer> AnswerAsync(KafkaOriginal original, CancellationToken cancellation)
    {
        var answer = await AnswerAsync(_plain, original, cancellation);
        return answer.Failure is KafkaException { Error.Code: var code } && KafkaRefusals.IsSize(code)
            ? await AnswerAsync(_compressed, original, cancellation)
            : answer;
    }

    static async Task<ReplayAnswer> AnswerAsync(KafkaLetterSender sender, KafkaOriginal original, CancellationToken cancellation)
    {
        try
        {
            await sender.SendBackAsync(original, cancellation);
            return ReplayAnswer.Sent;
        }
        catch (KafkaException failure)
            when (KafkaRefusals.OfRecord.Contains(failure.Error.Code) || KafkaRefusals.OfPlace.Contains(failure.Error.Code))
        {
            return ReplayAnswer.Refused($"{failure.Error.Reason} ({failure.Error.Code})", failure);
        }
        catch (ArgumentException failure)
        {
            // The client cannot write it.
            return ReplayAnswer.Refused(failure.Message.ReplaceLineEndings(" "), failure);
        }
        catch (Exception failure)
        {
            return ReplayAnswer.Unknown(failure);
        }
    }
}

/// <summary>An original that is sent back.</summary>
/// <param name="Place">Its topic and partition; the offset does not matter. A partition of -1 leaves the choice to the client.</param>
/// <param name="Content">Key, body and headers as the letter has them; headers that putting aside added are left out.</param>
/// <param name="Replays">How often it was sent back, this time included.</param>
public readonly record struct KafkaOriginal(Coordinates Place, LetterContent Content, int Replays);
