using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Betting.Ingest.Verbs;

/// <summary>The lines of a stream as the bytes they are; only a line feed ends a line, and empty lines are passed over.</summary>
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
        return line switch
        {
            [] or [(byte)'\r'] => null,
            [.., (byte)'\r'] => line[..^1],
            _ => line,
        };
    }
}
