namespace Betting.Ingest.Doors;

/// <summary>One message as it came through a door, and what a dead letter has to tell about it.</summary>
/// <param name="Body">The original bytes.</param>
/// <param name="Command">The slice of them that is the command; the same unless it came in an envelope. Null where there is none.</param>
/// <param name="Coordinates">Where it stood, such as <c>bet-commands/3@1042</c>.</param>
/// <param name="Headers">The original headers as text.</param>
public sealed record Delivery(
    ReadOnlyMemory<byte> Body, ReadOnlyMemory<byte>? Command, string Coordinates, IReadOnlyList<KeyValuePair<string, string>> Headers);
