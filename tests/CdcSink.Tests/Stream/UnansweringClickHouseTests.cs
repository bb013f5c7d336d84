using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

public sealed class UnansweringClickHouseTests(Servers servers)
{
    // The driver itself waits two minutes for an answer; the first may take 30 s. Between them there is room for a slow machine.
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Each_verb_ends_with_2_soon_where_ClickHouse_accepts_connections_and_answers_nothing()
    {
        var folder = Directory.CreateDirectory(Path.Combine(servers.Folder, "verbs-still")).FullName;
        await using var clickHouse = new ClickHouseServer(folder, FreePort.Take());
        await clickHouse.StartAsync();
        var connection = clickHouse.ConnectionString("still");
        await ClickHouseMigrator.MigrateAsync(connection);
        await using var stream = await KafkaStream.CreateAsync(servers);
        clickHouse.Pause();
        try
        {
            var began = TimeProvider.System.GetTimestamp();
            string[] verbs =
            [
                "migrate",
                $"replay {Recordings.File("churn-3.6")}",
                "rewind --to beginning",
                "rebuild --all",
                "dead-letters list",
                "dead-letters drop --all",
            ];
            foreach (var (verb, ended) in verbs.Select(verb => (verb, stream.VerbAsync(connection, verb.Split(' ')))).ToList())
            {
                var (code, output) = await ended;
                Assert.True(code == 2, $"{verb}: {code}: {output}");
                Assert.Contains("could not ask ClickHouse at 127.0.0.1:", output, StringComparison.Ordinal);
                Assert.Contains("no answer in time", output, StringComparison.Ordinal);
                Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
            }
            Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, Limit);
        }
        finally
        {
            clickHouse.Resume();
        }
    }

    [Theory]
    [InlineData("--cluster nope", "CdcSink migrate: --cluster: ClickHouse knows no cluster 'nope'")]
    [InlineData("--storage-policy nope", "CdcSink migrate: --storage-policy: ClickHouse knows no storage policy 'nope'")]
    [InlineData(
        "--cold-after 24mo --keep 7y --cold-volume nope",
        "CdcSink migrate: --cold-volume: the table's storage policy has no volume 'nope'"
    )]
    public async Task A_name_that_ClickHouse_does_not_know_is_a_wrong_argument(string arguments, string said)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);

        var (code, output) = await stream.VerbAsync(sink.ConnectionString, ["migrate", .. arguments.Split(' ')]);

        Assert.True(code == 78, $"{code}: {output}");
        Assert.Contains(said, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }
}
