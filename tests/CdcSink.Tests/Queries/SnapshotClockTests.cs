using System.Globalization;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>
/// What a PostgreSQL snapshot saw is found by transaction ids and positions in the log. Here it is taken at noon, at position 100 GiB, and
/// sees the transactions below 5,000 million but 4,999,999,990, which is running.
/// </summary>
public sealed class SnapshotClockTests(Servers servers)
{
    const ulong XMax = 5_000_000_000,
        Running = XMax - 10,
        Position = 100UL << 30,
        Far = 40UL << 30;

    static readonly DateTimeOffset Taken = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    readonly Made _made = new();
    int _bets;

    public static TheoryData<double> Clocks => [0, 0.5, -0.5, 2, -2, 48, -48];

    [Theory]
    [MemberData(nameof(Clocks))]
    public async Task Whatever_the_clock_said_near_the_snapshot_transaction_ids_decide(double hours)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync([
            Bet(XMax - 50, Position - 8_000, hours),
            Bet(XMax - 1, Position - 80, hours),
            Bet(Running, Position - 4_000, hours),
            Bet(XMax, Position - 16, hours),
            Bet(XMax + 20, Position + 800, hours),
            Bet(Running, Position + 80, hours),
            // Far back in the log, a round of ids earlier.
            Bet(XMax - 60 - (1UL << 32), Position - Far, hours - 72),
            Bet(Running - (1UL << 32), Position - Far - 80, -72),
            Bet(XMax + 7 - (1UL << 31), Position - Far - 160, -72),
            // Far behind it, half a round later and more.
            Bet(XMax + (3UL << 30), Position + Far, hours + 72),
            Bet(XMax - 5 + (1UL << 32), Position + Far + 80, hours + 72),
            // A transaction that wrote this long before the snapshot, and ends after it.
            Bet(Running, Position - Far - 240, 3),
        ]);

        Assert.Equal(["1 2 7 8 9"], await SeenAsync(sink));
    }

    [Fact]
    public async Task Reads_belong_to_a_snapshot_that_was_taken_after_theirs()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync([
            Read(XMax - 50, Position - 8_000, "first"),
            Read(Running, Position - 80, "true"),
            Read(XMax + 5, Position + 80, "last"),
            Read(XMax - 90, Position - Far, "true"),
            Read(XMax - 3 + (1UL << 32), Position + Far, "true"),
            Read(0, Position - 8, "incremental"),
            Read(0, Position + 8, "incremental"),
        ]);

        // The transaction of the second read runs, but it reads what was there before it began.
        Assert.Equal(["1 2 4 6"], await SeenAsync(sink));
    }

    /// <summary>
    /// With a backlog Debezium gives reads the stream's position; what they read was committed up to their snapshot's beginning.
    /// </summary>
    [Theory]
    [InlineData(-1, "1 2 3 4 5")]
    [InlineData(1, "1 2 3")]
    public async Task Reads_that_the_stream_ran_before_count_for_a_snapshot_that_was_taken_after_the_first_of_them(
        double laterBegan,
        string seen
    )
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        // An initial snapshot is of its position, whenever its rows were read and whatever the clock said.
        await sink.ReplayAsync([Read(XMax - 90, Position - 8_000, "first", hours: 1), Read(XMax - 90, Position - 8_000, "last", hours: 2)]);
        await sink.ReplayAsync([Bet(XMax - 80, Position - 6_000, -1.5)]);
        await sink.ReplayAsync([
            Read(XMax - 50, Position - 4_000, "first", hours: laterBegan),
            Read(XMax - 50, Position - 4_000, "last", hours: 2),
        ]);

        Assert.Equal([seen], await SeenAsync(sink));
    }

    [Fact]
    public async Task Epochs_before_the_snapshot_are_seen_and_those_behind_it_are_not()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync([Bet(XMax + 5, Position + Far, 5, epoch: "0"), Bet(XMax - 5, 8_000, -5, epoch: "2")]);

        Assert.Equal(["1"], await SeenAsync(sink));
    }

    [Fact]
    public async Task A_snapshot_is_refused_by_its_position_until_it_is_visible_and_where_it_is_not_known()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync([
            Read(XMax - 50, Position - 8_000, "last"),
            Bet(XMax - 2, Position - 80, 2),
            Bet(XMax + 3, Position + 4_000, -2),
            Bet(1_000, 8_000, 5, epoch: "2"),
        ]);
        await VisibleAsync(Position - 160, epoch: 1);
        await RefusedAsync(Position, "later than data_as_of");

        // The clock was set ahead and back meanwhile: moments are not known, the snapshot is.
        await VisibleAsync(Position + 160, epoch: 1);
        Assert.Equal(["1 2"], await SeenAsync(sink, "bets_as_of_snapshot"));
        await RefusedAsync(Position + 320, "later than data_as_of");
        await RefusedAsync(Position - 9_000, "before a table was first read whole");

        await VisibleAsync(16_000, epoch: 2);
        Assert.Equal(["1 2"], await SeenAsync(sink, "bets_as_of_snapshot"));
        await RefusedAsync(Position + 8_000, "after the last change that came from its epoch");

        async Task VisibleAsync(ulong position, int epoch) =>
            await sink.QueryAsync(
                $"INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 09:00:00', "
                    + $"{ChangeVersion.Of(epoch, streamed: true, position).Value})"
            );

        async Task RefusedAsync(ulong position, string because)
        {
            var refused = await Assert.ThrowsAnyAsync<Exception>(() => SeenAsync(sink, "bets_as_of_snapshot", position));
            Assert.Contains(because, refused.Message, StringComparison.Ordinal);
        }
    }

    StreamRecord Bet(ulong transaction, ulong position, double hours, string epoch = "1") =>
        _made.Bet(
            ++_bets,
            Made.Columns(),
            committedMs: (Taken + TimeSpan.FromHours(hours)).ToUnixTimeMilliseconds(),
            lsn: position,
            epoch: epoch,
            transaction: transaction & uint.MaxValue
        );

    StreamRecord Read(ulong transaction, ulong position, string snapshot, double hours = 0) =>
        _made.Bet(
            ++_bets,
            Made.Columns(),
            op: "r",
            snapshot: snapshot,
            committedMs: (Taken + TimeSpan.FromHours(hours)).ToUnixTimeMilliseconds(),
            lsn: position,
            epoch: "1",
            transaction: transaction & uint.MaxValue
        );

    static Task<List<string>> SeenAsync(SinkUnderTest sink, string view = "bets_as_of_snapshot_unchecked", ulong position = Position) =>
        sink.QueryAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                SELECT arrayStringConcat(arraySort(groupArray(bet_id)), ' ')
                FROM {view}(epoch = 1, position = {position}, xmax = {XMax}, xip = [{Running}], taken = '{Taken:yyyy-MM-ddTHH:mm:ssZ}')
                """
            )
        );
}
