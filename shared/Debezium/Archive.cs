using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Betting.Debezium;

/// <summary>
/// Records kept in a file, one JSON object a line: <c>topic, partition, offset, timestamp</c> (milliseconds), <c>key</c>,
/// <c>value</c> (the bytes as text, null for none), <c>headers</c> ([[name, text], …]). Files ending in <c>.gz</c> are unpacked;
/// a byte order mark, carriage returns and empty lines are passed over.
/// </summary>
public static class Archive
{
    /// <summary>Reads a file record by record, in its order.</summary>
    /// <exception cref="InvalidDataException">
    /// A line is not of that form, or the file was cut off while it was packed or copied; the message names the file, and the line.
    /// </exception>
    public static IEnumerable<StreamRecord> Read(string path)
    {
        using var file = File.OpenRead(path);
        var isPacked = path.EndsWith(".gz", StringComparison.Ordinal);
        using var marked = new MarkedGzip(file);
        using var unpacked = isPacked ? new GZipStream(marked, CompressionMode.Decompress) : (Stream)file;
        var (number, isWhole) = (0L, !isPacked);
        foreach (var bytes in Lines(unpacked, path))
        {
            number++;
            var line = (bytes.Span.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes).TrimEnd("\r"u8);
            if (line.Length == 0)
            {
                continue;
            }
            if (isPacked && line.Span.SequenceEqual(MarkedGzip.Mark))
            {
                isWhole = true;
                continue;
            }
            yield return Parse(line, path, number);
        }
        if (!isWhole || (isPacked && file.Length == 0))
        {
            throw Damaged(path, null);
        }
    }

    /// <summary>Lines end at \n and nowhere else: texts hold other line separators, which a TextReader would split at too.</summary>
    static IEnumerable<ReadOnlyMemory<byte>> Lines(Stream stream, string path)
    {
        var buffer = new byte[1 << 16];
        int start = 0,
            end = 0;
        while (true)
        {
            var newline = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                yield return buffer.AsMemory(start, newline);
                start += newline + 1;
                continue;
            }
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
            if (end == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
            var read = Read(stream, buffer.AsSpan(end), path);
            if (read == 0)
                break;
            end += read;
        }
        if (end > 0)
            yield return buffer.AsMemory(0, end);
    }

    static int Read(Stream stream, Span<byte> buffer, string path)
    {
        try
        {
            return stream.Read(buffer);
        }
        catch (InvalidDataException damaged)
        {
            throw Damaged(path, damaged);
        }
    }

    static InvalidDataException Damaged(string path, Exception? reason) =>
        new($"{path} is cut off or damaged: it does not end as a gzip file does.", reason);

    static StreamRecord Parse(ReadOnlyMemory<byte> line, string path, long number)
    {
        try
        {
            return Parse(line);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{path}, line {number}: not a record of a stream.", e);
        }
    }

    static StreamRecord Parse(ReadOnlyMemory<byte> line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        var headers = root.TryGetProperty("headers", out var list)
            ? list.EnumerateArray().Select(pair => new RecordHeader(pair[0].GetString()!, Bytes(pair[1]))).ToArray()
            : [];
        return new StreamRecord(
            root.GetProperty("topic").GetString()!,
            root.GetProperty("partition").GetInt32(),
            root.GetProperty("offset").GetInt64(),
            root.GetProperty("timestamp").GetInt64(),
            Bytes(root.GetProperty("key")),
            Bytes(root.GetProperty("value")),
            headers
        );
    }

    static byte[]? Bytes(JsonElement text) => text.GetString() is { } value ? Encoding.UTF8.GetBytes(value) : null;
}
