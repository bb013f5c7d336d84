using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;

namespace Betting.Ingest.Verbs;

/// <summary>The lines of a stream as the bytes they are; only a line feed ends a line. Empty lines are passed over, a byte order mark is left out.</summary>
static class LineReader
{
    public static async IAsyncEnumerable<byte[]> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var pipe = PipeReader.Create(stream);
        while (true)
        {
            var read = await pipe.ReadAsync(cancellation);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                if (Line(rest.Slice(0, end)) is { } line)
                {
                    yield return line;
                }
                rest = rest.Slice(rest.GetPosition(1, end));
            }
            if (read.IsCompleted)
            {
                if (Line(rest) is { } last)
                {
                    yield return last;
                }
                break;
            }
            pipe.AdvanceTo(rest.Start, rest.End);
        }
        await pipe.CompleteAsync();
    }

    static byte[]? Line(ReadOnlySequence<byte> bytes)
    {
        var line = bytes.ToArray();
        // Editors begin a file with a byte order mark, and files are put behind one another.
        line = line.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? line[Encoding.UTF8.Preamble.Length..] : line;
        return line switch
        {
            [] or [(byte)'\r'] => null,
            [.., (byte)'\r'] => line[..^1],
            _ => line,
        };
    }
}
