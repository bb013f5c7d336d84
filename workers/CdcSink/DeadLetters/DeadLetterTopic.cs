using Betting.CdcSink.Batches;
using Betting.Connections;
using Betting.Contracts;
using Betting.DeadLetters;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.DeadLetters;

/// <summary>Sends each record alone to <c>&lt;topic&gt;.dead-letter</c>, whole or, where it is too large for that topic, shortened.</summary>
public sealed class DeadLetterTopic(KafkaOptions kafka, TimeProvider clock, ILogger<DeadLetterTopic> log) : IDisposable
{
    /// <summary>How long a broker may take for a letter.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>So long nothing is sent after a failure that is not the letter's own, such as no access or no answer.</summary>
    static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMinutes(1);

    // Below a broker's default of 1 MB, then below what any topic is likely to take.
    static readonly int[] ShorterLimits = [900_000, 60_000, ShortenedLetter.LeastLimit];

    readonly KafkaLetterSender _sender = new(kafka, Limit);
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
        var answer = await AnswerAsync(letter, whole, cancellation);
        foreach (var limit in ShorterLimits.Where(limit => limit < whole.Size))
        {
            if (answer != ErrorCode.MsgSizeTooLarge)
            {
                break;
            }
            answer = await AnswerAsync(letter, ShortenedLetter.Of(whole, limit), cancellation);
            if (answer is null)
            {
                CdcSinkLog.LetterShortened(log, letter.Record.Topic, letter.Record.Partition, letter.Record.Offset, whole.Size, limit);
            }
        }
        return answer is { } code ? new RefusedLetter(letter, code.ToString()) : null;
    }

    public void Dispose() => _sender.Dispose();

    /// <returns>Null where the broker took it.</returns>
    async Task<ErrorCode?> AnswerAsync(DeadLetter letter, LetterContent content, CancellationToken cancellation)
    {
        try
        {
            await _sender.SendAsync(Topics.DeadLetter(letter.Record.Topic), content, cancellation);
            return null;
        }
        catch (KafkaException refused)
        {
            var code = refused.Error.Code;
            if (!IsOfTheLetter(code))
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

    /// <summary>True for an answer about this record; the next letter may be taken.</summary>
    static bool IsOfTheLetter(ErrorCode code) =>
        code is ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidMsg or ErrorCode.InvalidRecord or ErrorCode.InvalidTimestamp or ErrorCode.Local_InvalidArg;

    bool IsPaused(out string cause)
    {
        lock (_lock)
        {
            cause = _failed?.Cause ?? "";
            return _failed is { } failed && clock.GetElapsedTime(failed.At) < PauseAfterFailure;
        }
    }
}
