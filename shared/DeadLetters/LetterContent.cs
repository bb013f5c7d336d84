namespace Betting.DeadLetters;

/// <summary>What a dead letter is written with: a key, a body and headers, each of any bytes.</summary>
/// <param name="Key">The original's key; null where it has none.</param>
/// <param name="Body">The original's body; null where it has none, as a tombstone.</param>
/// <param name="Headers">The original's headers and those that putting aside adds, in their order.</param>
public sealed record LetterContent(ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Body, IReadOnlyList<LetterHeader> Headers)
{
    /// <summary>These bytes, or null. A conversion alone would make empty memory of null, and no value is not an empty one.</summary>
    public static ReadOnlyMemory<byte>? Bytes(byte[]? bytes) =>
        bytes is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(bytes);

    /// <summary>Bytes of the key, the body and all headers, without what a protocol adds to them.</summary>
    public long Size => (Key?.Length ?? 0) + (Body?.Length ?? 0) + Headers.Sum(header => (long)header.Size);
}

/// <summary>A header of a dead letter.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value; null where it has none.</param>
public readonly record struct LetterHeader(string Name, ReadOnlyMemory<byte>? Value)
{
    // The lengths of name and value, as both brokers write them, are less than this.
    const int Overhead = 16;

    /// <summary>What the value is.</summary>
    public HeaderForm Form { get; init; }

    /// <summary>Bytes of the name in UTF-8 and of the value, with a margin for their lengths.</summary>
    public int Size => System.Text.Encoding.UTF8.GetByteCount(Name) + (Value?.Length ?? 0) + Overhead;
}

/// <summary>What the value of a letter's header is.</summary>
public enum HeaderForm
{
    /// <summary>The original's bytes.</summary>
    Bytes,

    /// <summary>Text for a value that is no string; its type is not restored.</summary>
    Text,

    /// <summary>Text of a property of the message, which is no header.</summary>
    Property,
}
