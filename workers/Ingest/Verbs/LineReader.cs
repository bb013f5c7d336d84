using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using Betting.Hosting;

namespace Betting.Ingest.Verbs;

/// <summary>A line that is not blank.</summary>
/// <param name="Number">Counted from 1, blank lines as well.</param>
/// <param name="Bytes">Without its end.</param>
readonly record struct NumberedLine(long Number, byte[] Bytes);

/// <summary>
/// The lines of a stream as the bytes they are; only a line feed ends a line. Blank lines are passed over, a byte order mark is left out.
/// </summary>
static class LineReader
{
    const int BufferBytes = 256 * 1024;

    public static async IAsyncEnumerable<NumberedLine> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferBytes));
        // What of the rest was searched before: a long line is searched once.
        var (number, searched) = (0L, 0L);
        while (true)
        {
            // A read of a terminal or a pipe is not cancelled by its token.
            var read = await pipe.ReadAsync(cancellation).AsTask().WaitAsync(cancellation);
            var rest = read.Buffer;
            if (number == 0 && searched == 0 && IsUtf16(rest))
            {
                throw new ArgumentsException("FILE is UTF-16: save it as UTF-8");
            }
            while (rest.Slice(searched).PositionOf((byte)'\n') is { } end)
            {
                number++;
                if (Line(rest.Slice(0, end)) is { } line)
                {
                    yield return new NumberedLine(number, line);
                }
                rest = rest.Slice(rest.GetPosition(1, end));
                searched = 0;
            }
            searched = rest.Length;
            if (read.IsCompleted)
            {
                if (Line(rest) is { } last)
                {
                    yield return new NumberedLine(number + 1, last);
                }
                break;
            }
            pipe.AdvanceTo(rest.Start, rest.End);
        }
        await pipe.CompleteAsync();
    }

    static bool IsUtf16(ReadOnlySequence<byte> begin) =>
        begin.FirstSpan is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [(byte)'{', 0, ..] or [0, (byte)'{', ..];

    static byte[]? Line(ReadOnlySequence<byte> bytes)
    {
        var line = bytes.ToArray();
        // Editors begin a file with a byte order mark, and files are put behind one another.
        line = line.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? line[Encoding.UTF8.Preamble.Length..] : line;
        return line.AsSpan().ContainsAnyExcept(" \t\r"u8)
            ? line[^1] == (byte)'\r'
                ? line[..^1]
                : line
            : null;
    }
}
