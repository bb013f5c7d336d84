using System.Diagnostics;

namespace Betting.Ingest.Doors;

/// <summary>One message as it came through a door, and what became of it.</summary>
/// <param name="body">The original bytes.</param>
/// <param name="command">The slice of them that is the command; the same unless it came in an envelope. Null where there is none.</param>
/// <param name="coordinates">Where it stood, such as <c>bet-commands/3@1042</c>.</param>
public sealed class Delivery(ReadOnlyMemory<byte> body, ReadOnlyMemory<byte>? command, string coordinates)
{
    public ReadOnlyMemory<byte> Body => body;

    public ReadOnlyMemory<byte>? Command => command;

    public string Coordinates => coordinates;

    /// <summary>Why there is no command in it, in words for its publisher; null where nothing more is known.</summary>
    public string? Fault { get; init; }

    /// <summary>The client's own form of it, from which the door's dead letters take properties, key and headers as they were.</summary>
    public object? Original { get; init; }

    /// <summary>Where its publisher wants the outcome, if it does.</summary>
    public ReplyAddress? Reply { get; init; }

    /// <summary>The trace that its publisher was in; empty unless traces are exported.</summary>
    public ActivityContext Context { get; init; }

    /// <summary>What became of it; there as soon as that is durable.</summary>
    public Answer? Answer { get; set; }
}
