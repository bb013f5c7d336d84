using Betting.CdcSink;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Recorded;

/// <summary>
/// Streams of real Debezium into the real engine: what people then query equals PostgreSQL's own join, row for row.
/// The environment's RECORDINGS names another folder of the same form.
/// </summary>
[Trait("Category", "recordings")]
public sealed class RecordingTests(Servers servers)
{
    // Columns of other types, values that need rules of their own.
    static readonly string[] OtherTables = ["specials-", "naive-"];

    public static TheoryData<string> All => [.. Directory.EnumerateFiles(Environment.GetEnvironmentVariable("RECORDINGS") is { Length: > 0 } folder ? folder : Recordings.Folder, "*.jsonl.gz")
        .Where(file => !OtherTables.Any(prefix => Path.GetFileName(file).StartsWith(prefix, StringComparison.Ordinal))).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_recording_in_its_order_equals_the_source(string recording)
    {
        using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync(Archive.Read(recording));
        await Expected.AssertEqualsAsync(sink.Client, recording);
        Assert.Empty(sink.DeadLetters);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_recording_read_by_crashing_replicas_in_any_interleaving_equals_the_source(string recording)
    {
        using var sink = await SinkUnderTest.CreateAsync(servers, new CdcSinkOptions { JoinBets = 500 });
        await new Replicas(sink, Archive.Read(recording), new Random(7)).RunAsync();
        await Expected.AssertEqualsAsync(sink.Client, recording);
        Assert.Empty(sink.DeadLetters);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_view_of_the_past_as_of_the_end_equals_the_source(string recording)
    {
        using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync(Archive.Read(recording));
        await Expected.AssertEqualsAsync(sink.Client, recording, "bets_as_of(moment = '2200-01-01 00:00:00')");
        await Expected.AssertEqualsAsync(sink.Client, recording, "bets_as_of_snapshot(epoch = 63, xmax = 4294967295, xip = [], taken = '2100-01-01 00:00:00')");
    }
}
