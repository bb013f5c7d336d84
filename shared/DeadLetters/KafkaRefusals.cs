using Confluent.Kafka;

namespace Betting.DeadLetters;

/// <summary>
/// Which answers to a produced record speak about that record, by code; docs/failures.md has them. Every other one is the broker's or the
/// way to it.
/// </summary>
public static class KafkaRefusals
{
    /// <summary>The record itself is refused: sent unchanged, it is refused again.</summary>
    public static readonly IReadOnlySet<ErrorCode> OfRecord = new HashSet<ErrorCode>
    {
        ErrorCode.MsgSizeTooLarge,
        ErrorCode.RecordListTooLarge,
        ErrorCode.InvalidRecord,
        ErrorCode.InvalidMsg,
        ErrorCode.InvalidMsgSize,
        ErrorCode.InvalidTimestamp,
        ErrorCode.PolicyViolation,
        ErrorCode.Local_InvalidArg,
        ErrorCode.Local_BadMsg,
        ErrorCode.Local_InvalidDifferentRecord,
    };

    /// <summary>
    /// The topic or the partition that the record is sent to is not there. A letter that is sent back has no other place.
    /// </summary>
    public static readonly IReadOnlySet<ErrorCode> OfPlace = new HashSet<ErrorCode>
    {
        ErrorCode.Local_UnknownPartition,
        ErrorCode.Local_UnknownTopic,
        ErrorCode.UnknownTopicOrPart,
    };

    /// <summary>True where the record is larger than the topic takes; compressed, it may fit.</summary>
    public static bool IsSize(ErrorCode code) => code is ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge;
}
