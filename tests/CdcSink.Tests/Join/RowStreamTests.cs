using System.Text;
using Betting.CdcSink.Formats;
using Xunit;

namespace Betting.Tests.CdcSink.Join;

public sealed class RowStreamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1 << 20)]
    public async Task Rows_are_whole_however_the_answer_comes_in_pieces(int piece)
    {
        using var rows = Rows(count: 2_000, longest: 300);
        Assert.Equal(Expected(2_000, 300), await ReadAsync(rows, piece));
    }

    [Fact]
    public async Task A_row_may_be_longer_than_the_buffer()
    {
        using var rows = Rows(count: 3, longest: 1_500_000);
        Assert.Equal(Expected(3, 1_500_000), await ReadAsync(rows, 100_000));
    }

    [Fact]
    public async Task An_answer_that_ends_within_a_row_is_an_error_and_never_a_shorter_answer()
    {
        using var rows = Rows(count: 10, longest: 20);
        var whole = rows.ToArray();
        for (var length = whole.Length - 1; length > whole.Length - 20; length--)
        {
            await Assert.ThrowsAsync<EndOfStreamException>(() => ReadAsync(new MemoryStream(whole, 0, length), 64));
        }
    }

    /// <summary>In RowBinary, whose texts are written as .NET's writer does.</summary>
    static MemoryStream Rows(int count, int longest)
    {
        var rows = new MemoryStream();
        using var writer = new BinaryWriter(rows, Encoding.UTF8, leaveOpen: true);
        foreach (var (id, text, perhaps) in Expected(count, longest))
        {
            writer.Write(id);
            writer.Write(text);
            writer.Write(perhaps is null);
            if (perhaps is { } known)
            {
                writer.Write(known);
            }
        }
        writer.Flush();
        rows.Position = 0;
        return rows;
    }

    static List<(long, string, long?)> Expected(int count, int longest) =>
        [
            .. Enumerable
                .Range(1, count)
                .Select(id => ((long)id, new string('x', id * 7919 % (longest + 1)), id % 3 == 0 ? null : (long?)-id)),
        ];

    static async Task<List<(long, string, long?)>> ReadAsync(System.IO.Stream answer, int piece)
    {
        var read = new List<(long, string, long?)>();
        await using var pieces = new Pieces(answer, piece);
        await RowStream.ReadAsync(
            pieces,
            (ref row) =>
            {
                var (id, text, perhaps) = (row.ReadInt64(), Encoding.UTF8.GetString(row.ReadString()), row.ReadNullableInt64());
                if (!row.IsShort)
                {
                    read.Add((id, text, perhaps));
                }
            },
            CancellationToken.None
        );
        return read;
    }

    /// <summary>Gives so many bytes at a time, as a network may.</summary>
    sealed class Pieces(System.IO.Stream whole, int size) : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            whole.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
