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
    /// <exception cref="InvalidDataException">A line is not of that form; the message names file and line.</exception>
    public static IEnumerable<StreamRecord> Read(string path)
    {
        using var file = File.OpenRead(path);
        using var unpacked = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
        var number = 0L;
        foreach (var bytes in Lines(unpacked))
        {
            number++;
            var line = (bytes.Span.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes).TrimEnd("\r"u8);
            if (line.Length == 0)
                continue;
            StreamRecord record;
            try
            {
                record = Parse(line);
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new InvalidDataException($"{path}, line {number}: not a record of a stream.", e);
            }
            yield return record;
        }
    }

    /// <summary>Lines end at \n and nowhere else: texts hold other line separators, which a TextReader would split at too.</summary>
    static IEnumerable<ReadOnlyMemory<byte>> Lines(Stream stream)
    {
        var buffer = new byte[1 << 16];
        int start = 0, end = 0;
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
            var read = stream.Read(buffer, end, buffer.Length - end);
            if (read == 0)
                break;
            end += read;
        }
        if (end > 0)
            yield return buffer.AsMemory(0, end);
    }

    static StreamRecord Parse(ReadOnlyMemory<byte> line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        var headers = root.TryGetProperty("headers", out var list)
            ? list.EnumerateArray().Select(pair => new RecordHeader(pair[0].GetString()!, Bytes(pair[1]))).ToArray()
            : [];
        return new StreamRecord(
            root.GetProperty("topic").GetString()!, root.GetProperty("partition").GetInt32(), root.GetProperty("offset").GetInt64(),
            root.GetProperty("timestamp").GetInt64(), Bytes(root.GetProperty("key")), Bytes(root.GetProperty("value")), headers);
    }

    static byte[]? Bytes(JsonElement text) => text.GetString() is { } value ? Encoding.UTF8.GetBytes(value) : null;
}
