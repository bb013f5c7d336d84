using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Formats;
using Betting.DeadLetters;
using Betting.Debezium;

namespace Betting.CdcSink.DeadLetters;

/// <summary>
/// The table <c>dead_letters</c>: records that cannot be used and that no dead-letter topic took. Inserting one again changes nothing.
/// </summary>
public sealed class DeadLetterTable(ChangeStore store, TimeProvider clock)
{
    static readonly Column[] Columns =
    [
        Column.Text("topic"),
        Column.Int32("partition"),
        Column.Int64("offset"),
        Column.Text("sha256"),
        Column.Time("put_aside_at"),
        Column.Text("reason"),
        Column.Text("field"),
        Column.Text("cause"),
        Column.Int64("record_timestamp"),
        Column.Bool("has_key"),
        Column.Text("key"),
        Column.Bool("has_value"),
        Column.Text("value"),
        Column.Text("headers"),
        Column.UInt8("ended"),
    ];

    /// <summary>Returns when they are stored.</summary>
    public async Task InsertAsync(IEnumerable<RefusedLetter> letters, CancellationToken cancellation)
    {
        using var rows = new NativeRows(Columns);
        foreach (var (letter, cause) in letters)
        {
            var record = letter.Record;
            Add(
                rows,
                record,
                letter.Reason,
                letter.Field ?? "",
                cause,
                record.Key,
                record.Value,
                Headers(LetterForm.Headers(record)),
                Hash(record.Value),
                ended: false
            );
        }
        await store.InsertAsync("dead_letters", rows, cancellation);
    }

    /// <summary>Notes that letters were replayed or dropped; their bytes go.</summary>
    public async Task EndAsync(
        IEnumerable<(string Topic, int Partition, long Offset, string Sha256)> letters,
        CancellationToken cancellation
    )
    {
        using var rows = new NativeRows(Columns);
        foreach (var (topic, partition, offset, sha256) in letters)
        {
            Add(rows, new StreamRecord(topic, partition, offset, 0, null, null, []), "", "", "", null, null, "[]", sha256, ended: true);
        }
        await store.InsertAsync("dead_letters", rows, cancellation);
    }

    void Add(
        NativeRows rows,
        in StreamRecord record,
        string reason,
        string field,
        string cause,
        byte[]? key,
        byte[]? value,
        string headers,
        string sha256,
        bool ended
    )
    {
        Text(record.Topic);
        rows.WriteInt32(record.Partition);
        rows.WriteInt64(record.Offset);
        Text(sha256);
        rows.WriteInt64((clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        Text(reason);
        Text(field);
        Text(cause);
        rows.WriteInt64(record.TimestampMs);
        rows.WriteBool(key is not null);
        rows.WriteString(key);
        rows.WriteBool(value is not null);
        rows.WriteString(value);
        Text(headers);
        rows.WriteUInt8(ended ? (byte)1 : (byte)0);
        rows.EndRow();

        void Text(string text) => rows.WriteString(Encoding.UTF8.GetBytes(text));
    }

    static string Headers(List<LetterHeader> headers) =>
        JsonSerializer.Serialize(
            headers.Select(header => new[] { header.Name, header.Value is { } value ? Convert.ToBase64String(value.Span) : null })
        );

    static string Hash(byte[]? value) => Convert.ToHexStringLower(SHA256.HashData(value ?? []));
}
