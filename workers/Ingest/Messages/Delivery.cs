using System.Diagnostics;

namespace Betting.Ingest.Messages;

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

    /// <summary>Headers of its dead letter that describe what was too large to be kept of it; empty where all was kept.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Cut { get; init; } = [];

    /// <summary>Bytes that <see cref="HeldBytes"/> counts for it.</summary>
    public long Held { get; init; }

    /// <summary>Tells whether its channel is gone; null where the door has no such thing.</summary>
    public Func<bool>? IsLost { get; init; }

    /// <summary>True where the broker delivers it again, whatever is done now. Once true, it stays true.</summary>
    public bool ComesAgain => IsLost?.Invoke() ?? false;

    /// <summary>True once it is a dead letter, durably.</summary>
    public bool IsAside { get; set; }

    /// <summary>The client's own form of it, from which the door's dead letters take properties, key and headers as they were.</summary>
    public object? Original { get; init; }

    /// <summary>Where its publisher wants the outcome, if it does.</summary>
    public ReplyAddress? ReplyTo { get; init; }

    /// <summary>The trace that its publisher was in; empty unless traces are exported.</summary>
    public ActivityContext Context { get; init; }

    /// <summary>What became of it; there as soon as that is durable.</summary>
    public Reply? Reply { get; set; }
}
