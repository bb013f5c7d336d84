using Betting.Brokers;
using Betting.DeadLetters;
using Betting.Debezium;
using Confluent.Kafka;

namespace Betting.CdcSink.Messages;

/// <summary>A consumed message as the decoder takes it.</summary>
static class ConsumedRecord
{
    public static StreamRecord From(ConsumeResult<byte[]?, byte[]?> consumed)
    {
        var message = consumed.Message;
        RecordMemory.CutHeaders(message, IsRead);
        return new StreamRecord(
            consumed.Topic,
            consumed.Partition,
            consumed.Offset,
            message.Timestamp.UnixTimestampMs,
            message.Key,
            message.Value,
            Headers(message.Headers)
        )
        {
            HeadersLeftOut = message.Headers is LeftOutHeaders { WholeCount: var count } ? count - message.Headers.Count : 0,
        };
    }

    static bool IsRead(string header) => header is EpochHeader.Name or LetterHeaders.Replays;

    static RecordHeader[] Headers(Headers? headers)
    {
        if (headers is null || headers.Count == 0)
        {
            return [];
        }
        var copied = new RecordHeader[headers.Count];
        for (var i = 0; i < copied.Length; i++)
        {
            copied[i] = new RecordHeader(headers[i].Key, headers[i].GetValueBytes());
        }
        return copied;
    }
}
