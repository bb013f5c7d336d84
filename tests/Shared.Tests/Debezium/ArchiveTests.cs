using System.Text;
using Betting.Debezium;
using Xunit;

namespace Betting.Tests.Shared.Debezium;

public sealed class ArchiveTests
{
    const string Record = """{"topic":"betting.public.users","partition":0,"offset":7,"timestamp":1,"key":"k","value":null,"headers":[]}""";

    [Theory]
    [InlineData("\uFEFF" + Record + "\n")]
    [InlineData("\uFEFF" + Record + "\r\n\r\n")]
    [InlineData("\r\n\uFEFF" + Record)]
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
}
