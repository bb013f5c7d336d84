using System.IO.Compression;
using System.Text;
using Betting.Debezium;
using Xunit;

namespace Betting.Tests.Shared.Debezium;

public sealed class ArchiveTests
{
    const string Line = """{"topic":"betting.public.users","partition":0,"offset":7,"timestamp":1,"key":"k","value":null,"headers":[]}""";

    [Theory]
    [InlineData("\uFEFF" + Line + "\n")]
    [InlineData("\uFEFF" + Line + "\r\n\r\n")]
    [InlineData("\r\n\uFEFF" + Line)]
    public async Task A_byte_order_mark_carriage_returns_and_empty_lines_are_passed_over(string text)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);

            Assert.Equal(7, Assert.Single(Archive.Read(file)).Offset);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Shapes of a gzip file of 2 records, and whether reading it is an error; else both records are read.</summary>
    public static TheoryData<string, byte[], bool> Packings()
    {
        var one = Packed(Line + "\n");
        byte[] two = [.. one, .. Packed(Line)];
        var wrongSum = (byte[])two.Clone();
        wrongSum[^7] ^= 1;
        return new()
        {
            { "one member", Packed($"{Line}\n{Line}\n"), false },
            { "two members", two, false },
            { "no trailer", two[..^8], true },
            { "half a trailer", two[..^3], true },
            { "cut within the second member", two[..(one.Length + 20)], true },
            { "cut within the second header", two[..(one.Length + 4)], true },
            { "garbage behind it", [.. two, .. "garbage"u8], true },
            { "a wrong checksum", wrongSum, true },
            { "no gzip file", Encoding.UTF8.GetBytes(Line), true },
            { "nothing", [], true },
        };
    }

    [Theory]
    [MemberData(nameof(Packings))]
    public async Task A_gzip_file_that_does_not_end_with_a_whole_member_is_an_error(string shape, byte[] content, bool isError)
    {
        var file = Path.GetTempFileName() + ".gz";
        try
        {
            await File.WriteAllBytesAsync(file, content, TestContext.Current.CancellationToken);

            var thrown = Record.Exception(() => Assert.Equal(2, Archive.Read(file).Count()));

            Assert.True(
                isError
                    ? thrown is InvalidDataException && thrown.Message.StartsWith($"{file} is cut off or damaged", StringComparison.Ordinal)
                    : thrown is null,
                $"{shape}: {thrown}"
            );
        }
        finally
        {
            File.Delete(file);
        }
    }

    static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var packing = new GZipStream(packed, CompressionLevel.Optimal))
        {
            packing.Write(Encoding.UTF8.GetBytes(text));
        }
        return packed.ToArray();
    }
}
