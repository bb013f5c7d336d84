using System.Text;
using Betting.Debezium;

namespace Betting.Tests.CdcSink;

/// <summary>Change records made by hand, in the form of the settings that this project ships. Offsets and LSNs count up.</summary>
sealed class Made
{
    public const string Prefix = "betting.public.";

    readonly Dictionary<string, long> _offsets = [];
    ulong _lsn = 80_000;

    // As Debezium has it, all reads of a snapshot have one LSN.
    (string? Epoch, ulong Lsn)? _snapshot;

    /// <summary>The LSN of the last record that chose none of its own.</summary>
    public ulong Lsn => _lsn;

    /// <summary>A change of one row; <paramref name="after"/> is JSON, null for a delete.</summary>
    public StreamRecord Change(
        string table,
        string op,
        string? after,
        string key,
        string snapshot = "false",
        long committedMs = 1_767_225_600_000,
        string? epoch = null,
        int partition = 0,
        ulong? lsn = null,
        ulong? transaction = null,
        ulong? lastCommit = null
    )
    {
        _lsn += 8;
        var at = lsn ?? (snapshot is "false" or "incremental" ? _lsn : LsnOf(snapshot, epoch));
        // Incremental reads have no transaction.
        var by = snapshot == "incremental" ? "null" : $"{transaction ?? 700 + at / 8}";
        var value =
            $$"""{"before":null,"after":{{after ?? "null"}},"source":{"version":"3.6.1.Final","connector":"postgresql","name":"betting","ts_ms":{{committedMs}},"snapshot":"{{snapshot}}","db":"betting","sequence":"[\"{{lastCommit ?? at}}\",\"{{at}}\"]","schema":"public","table":"{{table}}","txId":{{by}},"lsn":{{at}},"xmin":null},"transaction":null,"op":"{{op}}","ts_ms":{{committedMs}}}""";
        return Record(table, key, value, epoch, partition);
    }

    public StreamRecord Bet(
        long id,
        string columns,
        string op = "c",
        string? epoch = null,
        int partition = 0,
        string snapshot = "false",
        long committedMs = 1_767_225_600_000,
        ulong? lsn = null,
        ulong? transaction = null,
        ulong? lastCommit = null
    ) =>
        Change(
            "bets",
            op,
            $$"""{"id":{{id}},{{columns}}}""",
            $$"""{"id":{{id}}}""",
            snapshot,
            committedMs,
            epoch,
            partition,
            lsn,
            transaction,
            lastCommit
        );

    /// <summary>Columns of a bet as they always are; a replacement is written as <c>"amount":"…"</c>.</summary>
    public static string Columns(params string[] replaced)
    {
        string[] all =
        [
            "\"user_id\":1",
            "\"event_id\":1",
            "\"status\":\"OPEN\"",
            "\"amount\":\"10.00\"",
            "\"payout\":null",
            "\"placed_at\":\"2026-01-01T10:00:00.000000Z\"",
            "\"settled_at\":null",
        ];
        return string.Join(
            ',',
            all.Select(column =>
                    replaced.FirstOrDefault(other =>
                        other[..other.IndexOf(':', StringComparison.Ordinal)] == column[..column.IndexOf(':', StringComparison.Ordinal)]
                    ) ?? column
                )
                .Concat(
                    replaced.Where(other =>
                        !all.Any(column =>
                            column[..column.IndexOf(':', StringComparison.Ordinal)] == other[..other.IndexOf(':', StringComparison.Ordinal)]
                        )
                    )
                )
        );
    }

    public StreamRecord User(
        long id,
        string columns = "\"name\":\"Ada\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"",
        string op = "c",
        string? epoch = null,
        int partition = 0,
        string snapshot = "false",
        long committedMs = 1_767_225_600_000
    ) => Change("users", op, $$"""{"id":{{id}},{{columns}}}""", $$"""{"id":{{id}}}""", snapshot, committedMs, epoch, partition);

    public StreamRecord Event(
        long id,
        string columns =
            "\"name\":\"Cup\",\"category\":\"football\",\"start_time\":\"2026-02-01T00:00:00.000000Z\",\"status\":\"SCHEDULED\"",
        string op = "c",
        string? epoch = null,
        int partition = 0
    ) => Change("events", op, $$"""{"id":{{id}},{{columns}}}""", $$"""{"id":{{id}}}""", "false", 1_767_225_600_000, epoch, partition);

    public StreamRecord Delete(string table, long id, string? epoch = null, int partition = 0) =>
        Change(table, "d", null, $$"""{"id":{{id}}}""", epoch: epoch, partition: partition);

    /// <summary>A logical message; a watermark unless told otherwise.</summary>
    public StreamRecord Message(string content, string prefix = "watermark", string? epoch = null, int partition = 0, ulong? lsn = null)
    {
        _lsn += 8;
        var at = lsn ?? _lsn;
        var value =
            $$$"""{"op":"m","ts_ms":1767225600000,"source":{"version":"3.6.1.Final","connector":"postgresql","name":"betting","ts_ms":0,"snapshot":"false","db":"betting","sequence":"[\"{{{at}}}\",\"{{{at}}}\"]","schema":"","table":"","txId":null,"lsn":{{{at}}},"xmin":null},"transaction":null,"message":{"prefix":"{{{prefix}}}","content":"{{{Convert.ToBase64String(Bytes(content)!)}}}"}}""";
        return Record("betting.message", $$"""{"prefix":"{{prefix}}"}""", value, epoch, partition, isTopic: true);
    }

    /// <summary>What the connector writes with a heartbeat.</summary>
    public StreamRecord Watermark(string at, string? epoch = null, ulong? lsn = null) =>
        Message($$"""{"at" : "{{at}}"}""", epoch: epoch, lsn: lsn);

    /// <summary>A watermark of a minute of 2026-01-01 that names the one before it; ids by number.</summary>
    /// <param name="publication">The publication's hash, by number; null where the message does not say it.</param>
    /// <param name="at">Its time; null for the minute of its id.</param>
    /// <param name="whole">Whether the publication sends every change; null where the message does not say it.</param>
    /// <param name="started">When PostgreSQL was started; null where the message does not say it.</param>
    public StreamRecord Linked(
        int id,
        int previous,
        uint timeline = 1,
        string? epoch = null,
        ulong? lsn = null,
        int partition = 0,
        int? publication = null,
        string? at = null,
        bool? whole = null,
        string? started = null
    ) =>
        Message(
            $$"""{"at" : "{{at ?? $"2026-01-01T10:{id % 60:00}:00+00:00"}}", "id" : "{{IdOf(id)}}", "previous" : "{{IdOf(previous)}}", "timeline" : {{timeline}}"""
                + (publication is { } hash ? $$""", "publication" : "{{IdOf(hash)}}" """ : "")
                + (started is { } start ? $$""", "started" : "{{start}}" """ : "")
                + (whole is { } isWhole ? $$""", "whole" : {{(isWhole ? "true" : "false")}}}""" : "}"),
            epoch: epoch,
            lsn: lsn,
            partition: partition
        );

    public static Guid IdOf(int number) => new(number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

    public StreamRecord Record(string table, string? key, string? value, string? epoch = null, int partition = 0, bool isTopic = false)
    {
        var topic = isTopic ? table : Prefix + table;
        var offset = _offsets.GetValueOrDefault(topic + partition);
        _offsets[topic + partition] = offset + 1;
        return new StreamRecord(
            topic,
            partition,
            offset,
            1_767_225_600_000,
            Bytes(key),
            Bytes(value),
            epoch is null ? [] : [new RecordHeader("epoch", Bytes(epoch))]
        );
    }

    ulong LsnOf(string read, string? epoch)
    {
        var reads = _snapshot is { } begun && begun.Epoch == epoch && read != "first" ? begun : (Epoch: epoch, Lsn: _lsn);
        _snapshot = read == "last" ? null : reads;
        return reads.Lsn;
    }

    static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
