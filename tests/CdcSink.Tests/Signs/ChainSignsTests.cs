using Betting.CdcSink;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Signs;

/// <summary>Watermarks that do not follow each other, as the sink sees them batch by batch.</summary>
public sealed class ChainSignsTests(Servers servers)
{
    // Without the position in the log, which is the record's.
    const string Asked = "SELECT replaceRegexpOne(id, ' at [0-9]+, ', ' at ') FROM reconciliation_requests FINAL ORDER BY id";

    readonly Made _made = new();

    [Fact]
    public async Task A_PostgreSQL_that_lost_commits_is_told_although_its_log_stands_higher_than_before()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0), _made.Linked(2, previous: 1)]);
        await sink.ApplyStreamedAsync([_made.Linked(3, previous: 2)]);
        await sink.ApplyStreamedAsync([_made.Linked(4, previous: 3)]);
        Assert.Equal(0, Breaks(sink));

        await sink.ApplyStreamedAsync([_made.Linked(9, previous: 1), _made.Linked(10, previous: 9)]);
        Assert.Equal(1, Breaks(sink));
        Assert.Equal(["Predecessor of the watermarks of epoch 1 at 2026-01-01 10:09:00.000000"], await sink.QueryAsync(Asked));
        Assert.Equal(0, sink.Readings.Sum("cdcsink.log_went_back"));

        await sink.ApplyStreamedAsync([_made.Linked(11, previous: 10)]);
        Assert.Equal(1, Breaks(sink));
    }

    [Fact]
    public async Task What_a_watermark_says_of_the_one_before_it_is_stored()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(7, previous: 6, timeline: 3), _made.Watermark("2026-01-01T10:08:00+00:00")]);
        Assert.Equal(
            [$"{Made.IdOf(7)}|{Made.IdOf(6)}|3", $"{Guid.Empty}|{Guid.Empty}|0"],
            await sink.QueryAsync("SELECT id, previous, timeline FROM watermarks ORDER BY version")
        );
    }

    [Fact]
    public async Task Another_timeline_in_the_same_epoch_is_told_once_and_in_a_new_epoch_not()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0)]);
        await sink.ApplyStreamedAsync([_made.Linked(2, previous: 1, timeline: 2)]);
        await sink.ApplyStreamedAsync([_made.Linked(3, previous: 2, timeline: 2)]);
        Assert.Equal(1, Breaks(sink));
        Assert.Equal(["Timeline of the watermarks of epoch 1 at 2026-01-01 10:02:00.000000"], await sink.QueryAsync(Asked));

        await sink.ApplyStreamedAsync([
            _made.Linked(40, previous: 39, timeline: 1, epoch: "2", lsn: 800),
            _made.Linked(41, previous: 40, timeline: 1, epoch: "2", lsn: 1600),
        ]);
        Assert.Equal(1, Breaks(sink));
    }

    [Fact]
    public async Task A_connector_that_sends_again_and_a_batch_that_is_read_or_applied_again_are_no_signs()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        StreamRecord[] read =
        [
            _made.Linked(1, previous: 0, lsn: 800),
            _made.Linked(2, previous: 1, lsn: 1600),
            _made.Linked(3, previous: 2, lsn: 2400),
        ];
        await sink.ApplyStreamedAsync(read);
        await sink.ApplyStreamedAsync(read);
        await sink.ApplyStreamedAsync(read[1..2]);
        // Killed: what it had not stored comes again behind the rest, the last of it in the batch after that.
        await sink.ApplyStreamedAsync([_made.Linked(2, previous: 1, lsn: 1600)]);
        await sink.ApplyStreamedAsync([_made.Linked(3, previous: 2, lsn: 2400), _made.Linked(4, previous: 3, lsn: 3200)]);
        await sink.QueryAsync("OPTIMIZE TABLE watermarks FINAL");
        await sink.ApplyStreamedAsync([_made.Linked(5, previous: 4, lsn: 4000)]);
        // Rewound to the beginning.
        await sink.ApplyStreamedAsync(read);
        Assert.Equal(0, Breaks(sink));
        Assert.Empty(await sink.QueryAsync(Asked));
    }

    [Fact]
    public async Task A_batch_is_compared_when_the_one_before_it_is_recorded()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0)]);
        StreamRecord[] first = [_made.Linked(2, previous: 1), _made.Linked(3, previous: 2)],
            second = [_made.Linked(4, previous: 3)];
        var recorded = new TaskCompletionSource();

        var later = sink.ApplyStreamedAsync(second, recorded.Task);
        await sink.ApplyStreamedAsync(first, keepsPartitions: true);
        recorded.SetResult();
        await later;

        Assert.Equal(0, Breaks(sink));
    }

    [Fact]
    public async Task What_another_replica_recorded_meanwhile_counts_and_not_what_this_one_remembers()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0)], keepsPartitions: true);
        await sink.ApplyStreamedAsync([_made.Linked(2, previous: 1)], keepsPartitions: true);
        sink.Progress.Forget();
        await OtherReplicaAsync(sink, 3, 4);

        await sink.ApplyStreamedAsync([_made.Linked(5, previous: 4)], keepsPartitions: true);
        Assert.Equal(0, Breaks(sink));

        sink.Progress.Forget();
        await OtherReplicaAsync(sink, 6, 7);
        // PostgreSQL went back to 5: this replica's last, and not the stream's.
        await sink.ApplyStreamedAsync([_made.Linked(20, previous: 5)]);
        Assert.Equal(1, Breaks(sink));
    }

    [Fact]
    public async Task A_topic_that_was_made_anew_a_new_partition_and_messages_without_ids_say_nothing()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Watermark("2026-01-01T10:00:00+00:00"), _made.Watermark("2026-01-01T10:00:30+00:00")]);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0), _made.Linked(2, previous: 1)]);
        await sink.ApplyStreamedAsync([
            _made.Watermark("2026-01-01T10:02:10+00:00"),
            _made.Message("{\"at\":\"2026-01-01T10:02:20+00:00\"}", "fence"),
        ]);
        await sink.ApplyStreamedAsync([_made.Linked(3, previous: 2)]);
        // A partition was added, and the key now chooses it.
        await sink.ApplyStreamedAsync([_made.Linked(5, previous: 4, partition: 1), _made.Linked(6, previous: 5, partition: 1)]);
        Assert.Equal(0, Breaks(sink));

        var anew = new Made();
        var generation = Convert.ToUInt64(
            (await sink.QueryAsync("SELECT toUnixTimestamp64Micro(now64(6))"))[0],
            System.Globalization.CultureInfo.InvariantCulture
        );
        await sink.ApplyStreamedAsync(
            [
                anew.Message("a fence", "fence"),
                anew.Message("a fence", "fence"),
                anew.Message("a fence", "fence"),
                anew.Linked(8, previous: 7, lsn: 900_000),
            ],
            generation: generation
        );
        await sink.ApplyStreamedAsync([anew.Linked(9, previous: 8, lsn: 900_080)], generation: generation);
        Assert.Equal(0, Breaks(sink));

        await sink.ApplyStreamedAsync(
            [anew.Linked(12, previous: 8, lsn: 900_160), anew.Linked(13, previous: 11, lsn: 900_240)],
            generation: generation
        );
        Assert.Equal(1, Breaks(sink));
    }

    [Theory]
    [InlineData(2, "2026-01-01 10:01:59.000000")]
    [InlineData(70, "NULL")]
    public async Task A_PostgreSQL_that_is_restored_after_a_day_without_watermarks_is_told_and_held(int previous, string held)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.QueryAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 20:00:00', 9000000000000000000)");
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0), _made.Linked(2, previous: 1), _made.Linked(3, previous: 2)]);
        await sink.ApplyStreamedAsync([_made.Linked(4, previous: 3)]);
        await AgeAsync(sink);

        await sink.ApplyStreamedAsync([_made.Linked(9, previous)]);

        Assert.Equal(1, Breaks(sink));
        Assert.Equal(["Predecessor of the watermarks of epoch 1 at 2026-01-01 10:09:00.000000"], await sink.QueryAsync(Asked));
        Assert.Equal([held], await sink.QueryAsync("SELECT toString(data_as_of) FROM data_as_of"));
    }

    [Fact]
    public async Task After_a_day_without_watermarks_what_follows_the_last_one_and_what_is_sent_again_are_no_signs()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        StreamRecord[] read =
        [
            _made.Linked(1, previous: 0, lsn: 800),
            _made.Linked(2, previous: 1, lsn: 1600),
            _made.Linked(3, previous: 2, lsn: 2400),
        ];
        await sink.ApplyStreamedAsync(read);
        await AgeAsync(sink);

        await sink.ApplyStreamedAsync([
            _made.Linked(2, previous: 1, lsn: 1600),
            _made.Linked(3, previous: 2, lsn: 2400),
            _made.Linked(4, previous: 3, lsn: 3200),
        ]);
        await AgeAsync(sink);
        await sink.ApplyStreamedAsync(read);
        await sink.ApplyStreamedAsync([_made.Linked(5, previous: 4, lsn: 4000)]);

        Assert.Equal(0, Breaks(sink));
        Assert.Empty(await sink.QueryAsync(Asked));
    }

    [Fact]
    public async Task After_a_day_the_last_watermark_of_another_topic_epoch_or_partition_says_nothing()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0), _made.Linked(2, previous: 1)]);
        await AgeAsync(sink);

        await sink.ApplyStreamedAsync([_made.Linked(40, previous: 39, epoch: "2")]);
        await sink.ApplyStreamedAsync([_made.Linked(50, previous: 49, partition: 1)]);
        var generation = Convert.ToUInt64(
            (await sink.QueryAsync("SELECT toUnixTimestamp64Micro(now64(6))"))[0],
            System.Globalization.CultureInfo.InvariantCulture
        );
        await sink.ApplyStreamedAsync([_made.Linked(58, previous: 57)], generation: generation);

        Assert.Equal(0, Breaks(sink));
    }

    [Fact]
    public async Task The_last_watermarks_are_bounded_in_number()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([
            .. Enumerable.Range(1, 400).Select(id => _made.Linked(id, previous: id - 1, at: "2026-01-01T10:00:00+00:00")),
        ]);
        await sink.ApplyStreamedAsync([
            .. Enumerable.Range(401, 100).Select(id => _made.Linked(id, previous: id - 1, at: "2026-01-01T10:00:00+00:00")),
        ]);

        Assert.Equal(["256|244|499"], await sink.QueryAsync("SELECT count(), min(offset), max(offset) FROM last_watermarks FINAL"));
        Assert.Equal(0, Breaks(sink));
    }

    [Fact]
    public async Task A_publication_that_was_changed_between_two_watermarks_is_told_and_held_at_the_first_of_them()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.QueryAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 20:00:00', 9000000000000000000)");
        await sink.ApplyStreamedAsync([
            _made.Linked(1, previous: 0),
            _made.Linked(2, previous: 1, publication: 7),
            _made.Linked(3, previous: 2, publication: 7),
        ]);
        await sink.ApplyStreamedAsync([_made.Linked(4, previous: 3, publication: 7)]);
        Assert.Equal(0, Breaks(sink));

        await sink.ApplyStreamedAsync([_made.Linked(5, previous: 4, publication: 8), _made.Linked(6, previous: 5, publication: 8)]);
        await sink.ApplyStreamedAsync([_made.Linked(7, previous: 6)]);

        Assert.Equal(1, Breaks(sink, "publication"));
        Assert.Equal(1, Breaks(sink));
        Assert.Equal(["Publication of the watermarks of epoch 1 at 2026-01-01 10:05:00.000000"], await sink.QueryAsync(Asked));
        Assert.Equal(["2026-01-01 10:03:59.000000"], await sink.QueryAsync("SELECT toString(data_as_of) FROM data_as_of"));
        await sink.ApplyStreamedAsync([_made.Linked(40, previous: 39, epoch: "2", publication: 9)]);
        Assert.Equal(1, Breaks(sink));
    }

    [Fact]
    public async Task A_second_change_in_the_same_minute_is_held_though_a_run_has_answered_the_first()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.QueryAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 20:00:00', 9000000000000000000)");
        await sink.ApplyStreamedAsync([Of(1, 7, "00"), Of(2, 8, "01")]);
        Assert.Equal(["2026-01-01 10:09:59.000000"], await AsOfAsync(sink));
        await AnswerAsync(sink);
        Assert.Equal(["2026-01-01 20:00:00.000000"], await AsOfAsync(sink));

        var second = Of(3, 9, "22");
        await sink.ApplyStreamedAsync([second, Of(4, 9, "23")]);
        Assert.Equal(["2026-01-01 10:10:00.000000"], await AsOfAsync(sink));
        await AnswerAsync(sink);
        // The same records once more are no third sign.
        await sink.ApplyStreamedAsync([second]);
        Assert.Equal(["2026-01-01 20:00:00.000000"], await AsOfAsync(sink));
        Assert.Equal(["2|2"], await sink.QueryAsync("SELECT count(), countIf(answered = 2) FROM reconciliation_requests FINAL"));

        StreamRecord Of(int id, int publication, string second) =>
            _made.Linked(id, previous: id - 1, publication: publication, at: $"2026-01-01T10:10:{second}+00:00");
    }

    [Fact]
    public async Task Signs_that_follow_each_other_make_one_request_until_a_run_has_begun()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.QueryAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 20:00:00', 9000000000000000000)");
        for (var id = 1; id <= 40; id++)
        {
            await sink.ApplyStreamedAsync([_made.Linked(id, previous: id - 1, publication: id)]);
        }
        Assert.Equal(39, Breaks(sink, "publication"));
        Assert.Equal(
            ["1|2026-01-01 10:00:59.000000"],
            await sink.QueryAsync("SELECT count(), toString(any(holds_from)) FROM reconciliation_requests FINAL")
        );

        // A run has begun: it may not see what comes from now on.
        await sink.QueryAsync("INSERT INTO reconciliation_requests SELECT id, reason, asked_at, 1, 0, holds_from FROM holds");
        await sink.ApplyStreamedAsync([_made.Linked(41, previous: 40, publication: 41), _made.Linked(42, previous: 41, publication: 42)]);
        await sink.QueryAsync(
            "INSERT INTO reconciliation_requests SELECT id, reason, asked_at, 2, 7, holds_from FROM holds WHERE answered = 1"
        );
        Assert.Equal(
            ["Publication of the watermarks of epoch 1 at 2026-01-01 10:41:00.000000|0"],
            await sink.QueryAsync(
                Asked
                    .Replace(" FROM", ", answered FROM", StringComparison.Ordinal)
                    .Replace("FINAL", "FINAL WHERE answered = 0", StringComparison.Ordinal)
            )
        );
        Assert.Single(await sink.QueryAsync("SELECT id FROM holds"));
    }

    [Fact]
    public async Task While_the_publication_is_not_whole_each_run_is_followed_by_another_request_and_data_as_of_does_not_pass_its_beginning()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.QueryAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 10:00:59', 1)");
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0, publication: 7, whole: true)]);
        StreamRecord[] first =
        [
            _made.Linked(2, previous: 1, publication: 8, whole: false),
            _made.Linked(3, previous: 2, publication: 8, whole: false),
        ];
        await sink.ApplyStreamedAsync(first);
        await sink.ApplyStreamedAsync([_made.Linked(4, previous: 3, publication: 8, whole: false)]);
        Assert.Equal(
            [
                "Incomplete of the watermarks of epoch 1 at 2026-01-01 10:03:00.000000",
                "Publication of the watermarks of epoch 1 at 2026-01-01 10:02:00.000000",
            ],
            await sink.QueryAsync(Asked)
        );
        Assert.Equal(2, Breaks(sink, "incomplete"));

        // A run whose beginning and end lie between two watermarks.
        await AnswerAsync(sink);
        Assert.Equal("2026-01-01 10:00:59.000000", await VisibleAsync(sink));
        await sink.ApplyStreamedAsync(first);
        Assert.Empty(await sink.QueryAsync("SELECT id FROM holds"));
        await sink.ApplyStreamedAsync([_made.Linked(5, previous: 4, publication: 8, whole: false)]);
        Assert.Equal(
            ["Incomplete of the watermarks of epoch 1 at 2026-01-01 10:05:00.000000|2026-01-01 10:00:59.000000"],
            await sink.QueryAsync("SELECT replaceRegexpOne(id, ' at [0-9]+, ', ' at '), toString(holds_from) FROM holds")
        );
        Assert.Equal("2026-01-01 10:00:59.000000", await VisibleAsync(sink));

        // Whole again: what was committed before is proven by a run that begins now.
        await AnswerAsync(sink);
        await sink.ApplyStreamedAsync([
            _made.Linked(6, previous: 5, publication: 9, whole: true),
            _made.Linked(7, previous: 6, publication: 9, whole: true),
        ]);
        Assert.Equal("2026-01-01 10:00:59.000000", await VisibleAsync(sink));
        await AnswerAsync(sink);
        Assert.Equal("2026-01-01 10:06:59.000000", await VisibleAsync(sink));
        await sink.ApplyStreamedAsync([_made.Linked(8, previous: 7, publication: 9, whole: true)]);
        Assert.Empty(await sink.QueryAsync("SELECT id FROM holds"));
        Assert.Equal(3, Breaks(sink, "incomplete"));
    }

    [Fact]
    public async Task A_publication_that_is_not_whole_from_the_beginning_proves_nothing()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0, publication: 8, whole: false)]);
        await AnswerAsync(sink);
        Assert.Equal("NULL", await VisibleAsync(sink));
        Assert.Equal(1, Breaks(sink, "incomplete"));
    }

    /// <summary>What <c>data_as_of</c> says once everything that came is covered.</summary>
    static async Task<string> VisibleAsync(SinkUnderTest sink)
    {
        var store = sink.Visible;
        if ((await store.WatermarkAsync(null, null, CancellationToken.None)).Newest is { } newest)
        {
            await store.RecordVisibleAsync(newest, CancellationToken.None);
        }
        return (await AsOfAsync(sink))[0];
    }

    static Task<List<string>> AsOfAsync(SinkUnderTest sink) =>
        sink.QueryAsync("SELECT ifNull(toString(data_as_of), 'NULL') FROM data_as_of");

    /// <summary>A run that began now has found everything equal.</summary>
    static Task<List<string>> AnswerAsync(SinkUnderTest sink) =>
        sink.QueryAsync("INSERT INTO reconciliation_requests SELECT id, reason, asked_at, 2, 7, holds_from FROM holds");

    [Fact]
    public async Task A_publication_is_compared_after_a_day_without_watermarks_too()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0, publication: 7)]);
        await AgeAsync(sink);
        await sink.ApplyStreamedAsync([_made.Linked(2, previous: 1, publication: 8)]);
        Assert.Equal(1, Breaks(sink, "publication"));
    }

    [Fact]
    public async Task A_connector_that_was_stopped_asks_for_a_reconciliation_once_and_holds_nothing()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, new CdcSinkOptions { CaptureGap = TimeSpan.FromMinutes(7) });
        await sink.QueryAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 20:00:00', 9000000000000000000)");
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0), _made.Linked(2, previous: 1)]);
        await sink.ApplyStreamedAsync([_made.Linked(9, previous: 2)]);
        Assert.Equal(0, Breaks(sink));

        StreamRecord[] late = [_made.Linked(20, previous: 9, lsn: 900_000), _made.Linked(21, previous: 20, lsn: 900_080)];
        await sink.ApplyStreamedAsync(late);
        await sink.ApplyStreamedAsync(late);
        // Its clock was set back.
        await sink.ApplyStreamedAsync([_made.Linked(22, previous: 21, lsn: 900_160, at: "2026-01-01T09:00:00+00:00")]);

        Assert.Equal(1, Breaks(sink, "gap"));
        Assert.Equal(1, Breaks(sink));
        Assert.Equal(
            ["Gap of the watermarks of epoch 1 at 900000, 2026-01-01 10:20:00.000000|0|NULL"],
            await sink.QueryAsync("SELECT id, answered, holds_from FROM reconciliation_requests FINAL")
        );
        Assert.Equal(["2026-01-01 20:00:00.000000"], await sink.QueryAsync("SELECT toString(data_as_of) FROM data_as_of"));
    }

    [Theory]
    [InlineData(9, 2, 1u, "2026-01-01 10:01:59.000000")]
    [InlineData(9, 4, 1u, "2026-01-01 10:03:59.000000")]
    [InlineData(9, 8, 1u, "NULL")]
    [InlineData(9, 8, 2u, "NULL")]
    [InlineData(7, 6, 2u, "2026-01-01 10:05:59.000000")]
    public async Task Data_as_of_is_held_at_the_last_watermark_that_PostgreSQL_is_known_to_have(
        int id,
        int previous,
        uint timeline,
        string held
    )
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.QueryAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 20:00:00', 9000000000000000000)");
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0), _made.Linked(2, previous: 1), _made.Linked(3, previous: 2)]);
        Assert.Empty(await sink.QueryAsync("SELECT id FROM holds"));

        await sink.ApplyStreamedAsync([
            _made.Linked(4, previous: 3),
            _made.Linked(5, previous: 4),
            _made.Linked(6, previous: 5),
            _made.Linked(id, previous, timeline),
        ]);

        Assert.Equal([held], await sink.QueryAsync("SELECT toString(data_as_of) FROM data_as_of"));
    }

    [Fact]
    public async Task A_replay_of_an_archive_says_nothing()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0)]);
        await sink.ReplayAsync([_made.Linked(9, previous: 8)]);
        await sink.ApplyStreamedAsync([_made.Linked(2, previous: 1)]);
        Assert.Equal(0, Breaks(sink));
    }

    static double Breaks(SinkUnderTest sink) => sink.Readings.Sum("cdcsink.watermark_breaks");

    static double Breaks(SinkUnderTest sink, string kind) => sink.Readings.Of("cdcsink.watermark_breaks", "kind=" + kind) ?? 0;

    /// <summary>No watermark came for 25 hours.</summary>
    static async Task AgeAsync(SinkUnderTest sink)
    {
        foreach (var table in new[] { "watermarks", "last_watermarks" })
        {
            await sink.QueryAsync(
                $"ALTER TABLE {table} UPDATE recorded_at = recorded_at - INTERVAL 25 HOUR WHERE 1 SETTINGS mutations_sync = 2"
            );
            await sink.QueryAsync($"OPTIMIZE TABLE {table} FINAL");
        }
        Assert.Equal(["0"], await sink.QueryAsync("SELECT count() FROM watermarks WHERE recorded_at < now() - INTERVAL 1 DAY"));
    }

    /// <summary>Another replica, whose memory is its own, records these watermarks at the offsets that come next.</summary>
    async Task OtherReplicaAsync(SinkUnderTest sink, params int[] ids)
    {
        foreach (var id in ids)
        {
            var record = _made.Linked(id, previous: id - 1);
            using var batch = sink.Batch([record]);
            var watermark = batch.Watermarks[0];
            await sink.QueryAsync(
                $"""
                INSERT INTO watermarks (at, version, topic, partition, offset, id, previous, timeline)
                SELECT fromUnixTimestamp64Micro({watermark.At}, 'UTC'), {watermark.Version.Value}, '{watermark.Topic}', 0,
                {watermark.Offset}, '{watermark.Link.Id}', '{watermark.Link.Previous}', 1
                """
            );
        }
    }
}
