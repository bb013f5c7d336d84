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
    public static TheoryData<string> All =>
        [
            .. Directory
                .EnumerateFiles(
                    Environment.GetEnvironmentVariable("RECORDINGS") is { Length: > 0 } folder ? folder : Recordings.Folder,
                    "*.jsonl.gz"
                )
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_recording_in_its_order_equals_the_source(string recording)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, For(recording));
        await sink.ReplayAsync(Archive.Read(recording));
        await Expected.AssertEqualsAsync(sink.Client, recording);
        Assert.Empty(sink.DeadLetters);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_recording_read_by_crashing_replicas_in_any_interleaving_equals_the_source(string recording)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, For(recording, joinBets: 500));
        await new Replicas(sink, Archive.Read(recording), new Random(7)).RunAsync();
        await sink.SettleSnapshotsAsync();
        await Expected.AssertEqualsAsync(sink.Client, recording);
        Assert.Empty(sink.DeadLetters);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_view_of_the_past_as_of_the_end_equals_the_source(string recording)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, For(recording));
        await sink.ReplayAsync(Archive.Read(recording));
        await Expected.AssertEqualsAsync(sink.Client, recording, "bets_as_of_unchecked(moment = '2200-01-01T00:00:00Z')");
        await Expected.AssertEqualsAsync(
            sink.Client,
            recording,
            Shown("bets_as_of_snapshot_unchecked(epoch = 63, position = 0, xmax = 4294967295, xip = [], taken = '2100-01-01T00:00:00Z')")
        );
    }

    /// <summary>The view as of a snapshot has times as they came, for comparing; people's views show the nearest that there is.</summary>
    static string Shown(string view) =>
        $"(SELECT * REPLACE ({string.Join(", ", new[] { "placed_at", "settled_at", "user_created_at", "event_start_time" }.Select(time =>
        $"if(isNull({time}), NULL, least(greatest({time}, toDateTime64('1900-01-01 00:00:00', 6, 'UTC')), toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC'))) AS {time}"))}) FROM {view})";

    /// <summary>Without a schema a bare number of this recording's times says nothing of its unit: the operator does.</summary>
    static CdcSinkOptions For(string recording, int joinBets = 20_000)
    {
        var options = new CdcSinkOptions { JoinBets = joinBets };
        if (recording.Contains("naive-connect", StringComparison.Ordinal))
        {
            foreach (var column in new[] { "users.created_at", "events.start_time", "bets.placed_at", "bets.settled_at" })
            {
                options.TimeUnits[column] = TimeUnit.Milliseconds;
            }
        }
        return options;
    }
}
