using Betting.Brokers;
using Betting.CdcSink.Messages;
using Betting.Contracts;
using Betting.DeadLetters;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.DeadLetters;

/// <summary>
/// Sends each record alone to <c>&lt;topic&gt;.dead-letter</c>: whole; compressed where it is too large for that topic; shortened where
/// that is too large as well.
/// </summary>
public sealed class DeadLetterTopic(KafkaOptions kafka, TimeProvider clock, ILogger<DeadLetterTopic> log) : IDisposable
{
    /// <summary>How long a broker may take for a letter.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>So long nothing is sent after a failure that is not the letter's own, such as no access or no answer.</summary>
    static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMinutes(1);

    // Below a broker's default of 1 MB, then below what any topic is likely to take.
    static readonly int[] ShorterLimits = [900_000, 60_000, ShortenedLetter.LeastLimit];

    readonly KafkaLetterSender _sender = new(kafka, Limit),
        _alone = new(kafka, Limit, RecordBatching.AloneCompressed);
    readonly Lock _lock = new();
    (long At, string Cause)? _failed;

    /// <returns>Null where it is on the topic durably; else why not.</returns>
    public async Task<RefusedLetter?> TrySendAsync(DeadLetter letter, CancellationToken cancellation)
    {
        if (IsPaused(out var before))
        {
            return new RefusedLetter(letter, before);
        }
        var whole = LetterForm.Of(letter);
        var answer = await AnswerAsync(_sender, letter, whole, cancellation);
        if (answer is { } refused && KafkaRefusals.OfRecord.Contains(refused))
        {
            // The answer may be about another letter of the batch, and compressed it may fit.
            answer = await AnswerAsync(_alone, letter, whole, cancellation);
        }
        foreach (var limit in ShorterLimits.Where(limit => limit < whole.Size))
        {
            if (answer is not { } size || !KafkaRefusals.IsSize(size))
            {
                break;
            }
            answer = await AnswerAsync(_alone, letter, ShortenedLetter.Of(whole, limit), cancellation);
            if (answer is null)
            {
                CdcSinkLog.LetterShortened(log, letter.Record.Topic, letter.Record.Partition, letter.Record.Offset, whole.Size, limit);
            }
        }
        return answer is { } code ? new RefusedLetter(letter, code.ToString()) : null;
    }

    public void Dispose()
    {
        _sender.Dispose();
        _alone.Dispose();
    }

    /// <returns>Null where the broker took it.</returns>
    async Task<ErrorCode?> AnswerAsync(KafkaLetterSender sender, DeadLetter letter, LetterContent content, CancellationToken cancellation)
    {
        try
        {
            await sender.SendAsync(Topics.DeadLetter(letter.Record.Topic), content, cancellation);
            return null;
        }
        catch (KafkaException refused)
        {
            var code = refused.Error.Code;
            if (!KafkaRefusals.OfRecord.Contains(code))
            {
                lock (_lock)
                {
                    _failed = (clock.GetTimestamp(), code.ToString());
                }
            }
            return code;
        }
        catch (Exception unusable) when (unusable is ArgumentException or InvalidOperationException)
        {
            // The client itself does not take it, such as a topic's name that no topic can have.
            return ErrorCode.Local_InvalidArg;
        }
    }

    bool IsPaused(out string cause)
    {
        lock (_lock)
        {
            cause = _failed?.Cause ?? "";
            return _failed is { } failed && clock.GetElapsedTime(failed.At) < PauseAfterFailure;
        }
    }
}
