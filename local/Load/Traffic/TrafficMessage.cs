namespace Betting.Local.Load.Traffic;

/// <summary>What a message is to the one who counts outcomes.</summary>
public enum MessageNature
{
    /// <summary>A command of its own.</summary>
    Command,

    /// <summary>A command that was sent before, byte for byte.</summary>
    Duplicate,

    /// <summary>No command at all: it has to end among the dead letters.</summary>
    Malformed,
}

/// <summary>One message as an upstream system sends it.</summary>
/// <param name="Key">The Kafka key: the user's id where the publisher knows it, else the bet's or the event's.</param>
/// <param name="Body">UTF-8 JSON.</param>
/// <param name="Nature">How it is to be counted.</param>
public sealed record TrafficMessage(long Key, ReadOnlyMemory<byte> Body, MessageNature Nature);
