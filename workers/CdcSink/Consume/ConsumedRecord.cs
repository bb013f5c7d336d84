using Betting.Debezium;
using Confluent.Kafka;

namespace Betting.CdcSink.Consume;

/// <summary>A consumed message as the decoder takes it.</summary>
static class ConsumedRecord
{
    public static StreamRecord From(ConsumeResult<byte[]?, byte[]?> consumed)
    {
        var message = consumed.Message;
        return new StreamRecord(
            consumed.Topic, consumed.Partition, consumed.Offset, message.Timestamp.UnixTimestampMs, message.Key, message.Value, Headers(message.Headers));
    }

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
