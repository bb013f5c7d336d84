using Confluent.Kafka;

namespace Betting.Brokers;

/// <summary>
/// What a consumed record takes in memory. Bytes alone do not tell it: a header with an empty name and no value has none, and each header
/// is an object with a name and a place in a list. A record of 190 KB can have 95,000 of them.
/// </summary>
public static class RecordMemory
{
    /// <summary>
    /// A publisher's headers of one record that are held; <see cref="CutHeaders"/> leaves out those of a record with more.
    /// </summary>
    public const int MaxHeaders = 1000;

    // Headers that are kept by name come on top of MaxHeaders: putting a record aside and sending it back adds a few. Their number is
    // bounded too, because a publisher can write those names.
    const int MaxKeptBesides = 32;

    /// <summary>What a header takes beside the characters of its name and the bytes of its value.</summary>
    public const int HeaderBytes = 96;

    // The record's own objects: result, message, arrays.
    const int RecordBytes = 256;

    /// <returns>Bytes, about.</returns>
    public static long Of(byte[]? key, byte[]? value, Headers? headers)
    {
        var bytes = RecordBytes + (key?.Length ?? 0L) + (value?.Length ?? 0L);
        for (var at = 0; at < (headers?.Count ?? 0); at++)
        {
            var header = headers![at];
            bytes += HeaderBytes + (sizeof(char) * header.Key.Length) + (header.GetValueBytes()?.Length ?? 0);
        }
        return bytes;
    }

    /// <summary>Replaces more than <see cref="MaxHeaders"/> headers by <see cref="LeftOutHeaders"/>.</summary>
    /// <param name="message">As it was consumed.</param>
    /// <param name="keeps">Names whose last header is kept; a small set.</param>
    public static void CutHeaders(MessageMetadata message, Func<string, bool> keeps)
    {
        if (
            message.Headers is not { Count: > MaxHeaders } all
            || (all.Count <= MaxHeaders + MaxKeptBesides && all.Count(header => !keeps(header.Key)) <= MaxHeaders)
        )
        {
            return;
        }
        var (kept, names) = (new LeftOutHeaders(all.Count), new HashSet<string>());
        for (var at = all.Count - 1; at >= 0; at--)
        {
            if (keeps(all[at].Key) && names.Add(all[at].Key))
            {
                kept.Add(all[at].Key, all[at].GetValueBytes());
            }
        }
        message.Headers = kept;
    }
}

/// <summary>The few headers that are kept of a record that has more than <see cref="RecordMemory.MaxHeaders"/>.</summary>
/// <param name="wholeCount">Headers of the record.</param>
public sealed class LeftOutHeaders(int wholeCount) : Headers
{
    public int WholeCount => wholeCount;
}
