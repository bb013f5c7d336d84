using Betting.CdcSink;
using Betting.Debezium;
using Betting.Tests.CdcSink.Recorded;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>
/// The schema for a cluster, run on one server that is a cluster of itself: all writing and reading goes through Distributed tables.
/// </summary>
public sealed class ClusterOfOneTests(Servers servers)
{
    // As docs/cdcsink.md tells for a cluster, but for what needs replicas.
    const string Settings = "set_distributed_foreground_insert=1;set_select_sequential_consistency=1";

    public static TheoryData<string> Streams =>
        ["churn-3.6", "killed-3.6", "rebuilt-3.6", "snapshot-in-flight-3.6", "identity-default-3.6", "recommended-2.4"];

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task What_is_written_and_read_through_Distributed_tables_equals_the_source(string stream)
    {
        var recording = Path.Combine(Recordings.Folder, stream + ".jsonl.gz");
        await using var sink = await SinkUnderTest.CreateAsync(servers, new CdcSinkOptions { JoinBets = 500 }, Settings, each =>
            OwnCluster.MigrateAsync(each, "default")
        );

        await new Replicas(sink, Archive.Read(recording), new Random(11)).RunAsync();
        await sink.SettleSnapshotsAsync();

        await Expected.AssertEqualsAsync(sink.Client, recording);
        await Expected.AssertEqualsAsync(sink.Client, recording, "bets_as_of_unchecked(moment = '2200-01-01T00:00:00Z')");
        Assert.Empty(sink.DeadLetters);
        var engines = await sink.QueryAsync(
            "SELECT DISTINCT engine FROM system.tables WHERE database = currentDatabase() AND name IN "
                + "('bet_changes', 'bets_by_user', 'bets_by_event', 'bets_analytics_rows')"
        );
        Assert.Equal(["Distributed"], engines);
    }
}
