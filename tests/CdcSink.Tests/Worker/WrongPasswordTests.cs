using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using ClickHouse.Driver.ADO;
using Xunit;

namespace Betting.Tests.CdcSink.Worker;

public sealed class WrongPasswordTests(Servers servers)
{
    [Fact]
    public async Task A_wrong_user_of_ClickHouse_ends_the_worker_with_one_line_however_many_loops_meet_it()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var (setting, address) = SinkProcess.Listening();
        var connection = new ClickHouseConnectionStringBuilder(sink.ConnectionString) { Username = "bob", Password = "hunter2" };
        await using var worker = new SinkProcess(stream.StartWorker(connection.ConnectionString, setting), address);
        await stream.SendAsync([new Made().Bet(1, Made.Columns())]);

        var (code, said) = await worker.EndedAsync();

        Assert.Equal(1, code);
        var lines = said.Split('\n');
        // Once in the log, and once on standard error, where whoever starts it looks.
        Assert.Collection(
            lines.Where(line => line.Contains("516 (AUTHENTICATION_FAILED): look at the user, the password", StringComparison.Ordinal)),
            logged => Assert.Contains(" FTL ", logged, StringComparison.Ordinal),
            told => Assert.StartsWith("CdcSink: ", told, StringComparison.Ordinal)
        );
        Assert.DoesNotContain(lines, line => line.StartsWith("   at ", StringComparison.Ordinal));
        Assert.DoesNotContain("hunter2", said, StringComparison.Ordinal);
        // The one that ends the worker, and one of the lag at most.
        Assert.InRange(
            lines.Count(line =>
                line.Contains(" WRN ", StringComparison.Ordinal)
                || line.Contains(" ERR ", StringComparison.Ordinal)
                || line.Contains(" FTL ", StringComparison.Ordinal)
            ),
            1,
            2
        );
    }
}
