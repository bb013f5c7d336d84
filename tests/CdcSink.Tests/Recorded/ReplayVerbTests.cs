using Betting.Local.Engines;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Recorded;

/// <summary><c>CdcSink replay</c> as a process, with ClickHouse alone.</summary>
public sealed class ReplayVerbTests(Servers servers)
{
    [Fact]
    public async Task An_archive_is_replayed_without_any_other_server_and_equals_the_source()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var recording = Path.Combine(Recordings.Folder, "churn-3.6.jsonl.gz");
        await using var verb = EngineProcess.Start(
            "CdcSink replay",
            Installed.Own("workers/CdcSink", "CdcSink", ["replay", recording, $"--ClickHouse:ConnectionString={sink.ConnectionString}"]),
            Path.Combine(servers.Folder, "logs", $"replay-{Guid.NewGuid():N}.log")
        );

        Assert.True(await verb.ExitedWithinAsync(TimeSpan.FromMinutes(3)), KafkaStream.Said(verb));
        Assert.True(verb.ExitCode == 0, KafkaStream.Said(verb));
        await Expected.AssertEqualsAsync(sink.Client, recording);
    }
}
