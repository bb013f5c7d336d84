using System.Buffers.Binary;
using System.IO.Hashing;
using Confluent.Kafka;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>How far a partition is applied, and by what that place is known again.</summary>
/// <param name="TopicId">The topic's id as the brokers tell it; empty where they tell none (Kafka before 2.8).</param>
/// <param name="Next">The offset that is read next: everything before it is applied or put aside.</param>
/// <param name="Last">The last record before it; null where there was none.</param>
public sealed record KafkaPlace(string TopicId, long Next, RecordMark? Last);

/// <summary>
/// By what a record is known again: another one at the same offset is of a topic that was made anew, or has taken the place of one that
/// was lost.
/// </summary>
/// <param name="Offset">Its offset.</param>
/// <param name="Hash">XxHash64 of its time in milliseconds, its key and its value.</param>
public readonly record struct RecordMark(long Offset, long Hash)
{
    const int NoKey = -1;

    /// <summary>The same for the same record, whenever and by whomever it is read.</summary>
    public static RecordMark Of(ConsumeResult<byte[]?, byte[]> record)
    {
        var (key, value) = (record.Message.Key, (byte[]?)record.Message.Value);
        Span<byte> fixedPart = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(fixedPart, record.Message.Timestamp.UnixTimestampMs);
        BinaryPrimitives.WriteInt32LittleEndian(fixedPart[8..], key?.Length ?? NoKey);
        BinaryPrimitives.WriteInt32LittleEndian(fixedPart[12..], value?.Length ?? NoKey);
        var hash = new XxHash64();
        hash.Append(fixedPart);
        hash.Append(key.AsSpan());
        hash.Append(value.AsSpan());
        return new RecordMark(record.Offset.Value, (long)hash.GetCurrentHashAsUInt64());
    }
}
