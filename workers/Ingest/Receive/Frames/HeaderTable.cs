using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Betting.Ingest.Receive.Frames;

/// <summary>
/// The headers in the payload of an AMQP content header (AMQP 0-9-1, 2.3.5.2 and 4.2.5.5): where they are, what they weigh, and whether
/// RabbitMQ.Client can read them. It cannot read all that a RabbitMQ broker takes: a decimal with a scale above 28 and the type L close its
/// connection, and tables nested some thousands of levels deep end the process, because it reads them recursively.
/// </summary>
static class HeaderTable
{
    /// <summary>What an entry costs in memory beside its bytes: a name, a boxed value and their place in a dictionary.</summary>
    public const int EntryBytes = 96;

    /// <summary>Tables and arrays nested deeper than this count as unreadable; no client's are.</summary>
    public const int MaxDepth = 32;

    // Of class, weight, body size; then the flags of the properties.
    const int FlagsAt = 12,
        HeadersFlag = 0x2000;
    static readonly int[] FlagsBefore = [0x8000, 0x4000];

    /// <returns>The table with its length of four bytes, as a part of the payload; empty where the message has no headers.</returns>
    public static Range Find(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < FlagsAt + 2)
        {
            return default;
        }
        int flags = BinaryPrimitives.ReadUInt16BigEndian(payload[FlagsAt..]),
            at = FlagsAt + 2;
        if ((flags & HeadersFlag) == 0)
        {
            return default;
        }
        // Two short strings may stand before the headers: content type and encoding.
        foreach (var flag in FlagsBefore)
        {
            at += (flags & flag) != 0 && at < payload.Length ? 1 + payload[at] : 0;
        }
        var end = at + 4 <= payload.Length ? at + 4L + BinaryPrimitives.ReadUInt32BigEndian(payload[at..]) : long.MaxValue;
        return end <= payload.Length ? at..(int)end : default;
    }

    /// <summary>The payload without its headers.</summary>
    /// <param name="payload">With headers.</param>
    /// <param name="table">Where <see cref="Find"/> found them.</param>
    public static byte[] Without(ReadOnlySpan<byte> payload, Range table)
    {
        byte[] rest = [.. payload[..table.Start], .. payload[table.End..]];
        BinaryPrimitives.WriteUInt16BigEndian(
            rest.AsSpan(FlagsAt),
            (ushort)(BinaryPrimitives.ReadUInt16BigEndian(payload[FlagsAt..]) & ~HeadersFlag)
        );
        return rest;
    }

    /// <returns>About how much memory the client needs for the headers, in bytes; null where it cannot read them.</returns>
    /// <param name="table">With its length, or empty.</param>
    public static int? Weigh(ReadOnlySpan<byte> table)
    {
        var entries = 0;
        return table.IsEmpty || TryTable(table[4..], 1, ref entries)
            ? (int)Math.Min(int.MaxValue, table.Length + (long)EntryBytes * entries)
            : null;
    }

    /// <summary>
    /// A table may have several entries of one name. RabbitMQ reads and writes the first of them and the client the last one: so only the
    /// first one passes, and what RabbitMQ writes is not hidden by what a publisher wrote.
    /// </summary>
    /// <param name="payload">With headers that <see cref="Weigh"/> can weigh, or without.</param>
    /// <param name="table">Where <see cref="Find"/> found them.</param>
    /// <returns>The payload with the first entry of each name; null where it has no others.</returns>
    public static byte[]? FirstOfEachName(ReadOnlySpan<byte> payload, Range table)
    {
        var entries = payload[table];
        if (entries.IsEmpty || AreFewAndDiffer(entries))
        {
            return null;
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        var kept = new ArrayBufferWriter<byte>(entries.Length);
        for (int at = 4, count = 0; at < entries.Length; )
        {
            var from = at;
            at += 1 + entries[at];
            var isFirst = names.Add(Encoding.Latin1.GetString(entries[(from + 1)..at]));
            TryValue(entries, ref at, 1, ref count);
            if (isFirst)
            {
                kept.Write(entries[from..at]);
            }
        }
        if (kept.WrittenCount + 4 == entries.Length)
        {
            return null;
        }
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, kept.WrittenCount);
        return [.. payload[..table.Start], .. length, .. kept.WrittenSpan, .. payload[table.End..]];
    }

    // Of most messages, and without memory of its own.
    static bool AreFewAndDiffer(ReadOnlySpan<byte> entries)
    {
        const int Few = 16;
        Span<Range> names = stackalloc Range[Few];
        var known = 0;
        for (int at = 4, count = 0; at < entries.Length; known++)
        {
            var name = (at + 1)..(at + 1 + entries[at]);
            at = name.End.Value;
            for (var other = 0; other < known; other++)
            {
                if (entries[names[other]].SequenceEqual(entries[name]))
                {
                    return false;
                }
            }
            if (known == Few)
            {
                return false;
            }
            names[known] = name;
            TryValue(entries, ref at, 1, ref count);
        }
        return true;
    }

    static bool TryTable(ReadOnlySpan<byte> table, int depth, ref int entries)
    {
        for (var at = 0; at < table.Length; )
        {
            at += 1 + table[at];
            if (!TryValue(table, ref at, depth, ref entries))
            {
                return false;
            }
        }
        return true;
    }

    static bool TryArray(ReadOnlySpan<byte> array, int depth, ref int entries)
    {
        for (var at = 0; at < array.Length; )
        {
            if (!TryValue(array, ref at, depth, ref entries))
            {
                return false;
            }
        }
        return true;
    }

    static bool TryValue(ReadOnlySpan<byte> values, ref int at, int depth, ref int entries)
    {
        if (at >= values.Length || depth > MaxDepth)
        {
            return false;
        }
        entries++;
        var type = (char)values[at];
        var value = values[(at + 1)..];
        if (LengthOf(type, value) is not { } length || length > value.Length)
        {
            return false;
        }
        at += 1 + (int)length;
        return type switch
        {
            'F' => TryTable(value[4..(int)length], depth + 1, ref entries),
            'A' => TryArray(value[4..(int)length], depth + 1, ref entries),
            'D' => value[0] <= 28,
            _ => true,
        };
    }

    // The types that the client reads; null for another one.
    static long? LengthOf(char type, ReadOnlySpan<byte> value) =>
        type switch
        {
            'V' => 0,
            't' or 'b' or 'B' => 1,
            's' or 'u' => 2,
            'I' or 'i' or 'f' => 4,
            'D' => 5,
            'l' or 'd' or 'T' => 8,
            'S' or 'x' or 'F' or 'A' => value.Length < 4 ? null : 4L + BinaryPrimitives.ReadUInt32BigEndian(value),
            _ => null,
        };
}
