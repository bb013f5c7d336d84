using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Betting.Local.Capture.Source;

namespace Betting.Local.Capture.Records;

/// <summary>Writes keys and values as the connector's JSON converter does without schemas: same fields in the same order.</summary>
/// <remarks>Not for use by two threads. Every array it returns is the caller's own.</remarks>
public sealed class RecordWriter : IDisposable
{
    /// <summary>As the connector: only what JSON demands is escaped, and characters beyond the basic plane.</summary>
    public static readonly JavaScriptEncoder Escaping = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    readonly SourceWriter _source;
    readonly TimeProvider _time;
    readonly string _prefix;
    readonly ArrayBufferWriter<byte> _bytes = new(4096);
    readonly Utf8JsonWriter _json;

    public RecordWriter(string prefix, string database, TimeProvider time)
    {
        (_prefix, _time) = (prefix, time);
        _source = new SourceWriter(prefix, database);
        _json = new Utf8JsonWriter(_bytes, new JsonWriterOptions { Encoder = Escaping, SkipValidation = true });
    }

    /// <returns>Null for a table without a primary key.</returns>
    public byte[]? Key(TableJson table, Row row)
    {
        if (table.Key.Length == 0)
            return null;
        ValueWriter.WriteKey(_json, table, row);
        return Take();
    }

    /// <summary>A change of a row, or of a whole table (op <c>t</c>, no rows).</summary>
    /// <param name="untouched">Where <paramref name="after"/> finds values that the statement did not touch.</param>
    public byte[] Change(char op, TableJson table, Row? before, Row? after, Row? untouched, in Position position, Order? order)
    {
        _json.WriteStartObject();
        WriteRow("before"u8, table, before, null);
        WriteRow("after"u8, table, after, untouched);
        _source.Write(_json, position, table.Table.Schema, table.Table.Name);
        WriteOrder(position, order);
        _json.WriteString("op"u8, [op]);
        long nanos = Nanos();
        _json.WriteNumber("ts_ms"u8, nanos / 1_000_000);
        _json.WriteNumber("ts_us"u8, nanos / 1_000);
        _json.WriteNumber("ts_ns"u8, nanos);
        _json.WriteEndObject();
        return Take();
    }

    public byte[] MessageKey(string messagePrefix)
    {
        _json.WriteStartObject();
        _json.WriteString("prefix"u8, messagePrefix);
        _json.WriteEndObject();
        return Take();
    }

    /// <summary>A logical message; its content goes as base64.</summary>
    public byte[] Message(string messagePrefix, byte[] content, in Position position, Order? order)
    {
        _json.WriteStartObject();
        _json.WriteString("op"u8, "m"u8);
        _json.WriteNumber("ts_ms"u8, Nanos() / 1_000_000);
        _source.Write(_json, position, "", "");
        WriteOrder(position, order);
        _json.WriteStartObject("message"u8);
        _json.WriteString("prefix"u8, messagePrefix);
        _json.WriteBase64String("content"u8, content);
        _json.WriteEndObject();
        _json.WriteEndObject();
        return Take();
    }

    public byte[] TransactionKey(string id)
    {
        _json.WriteStartObject();
        _json.WriteString("id"u8, id);
        _json.WriteEndObject();
        return Take();
    }

    /// <summary>BEGIN (no counts) or END of a transaction.</summary>
    public byte[] TransactionMark(string id, TransactionOrder transaction, bool end)
    {
        _json.WriteStartObject();
        _json.WriteString("status"u8, end ? "END"u8 : "BEGIN"u8);
        _json.WriteString("id"u8, id);
        if (end)
        {
            _json.WriteNumber("event_count"u8, transaction.Total);
            _json.WriteStartArray("data_collections"u8);
            foreach (var (collection, count) in transaction.Collections)
            {
                _json.WriteStartObject();
                _json.WriteString("data_collection"u8, collection);
                _json.WriteNumber("event_count"u8, count);
                _json.WriteEndObject();
            }
            _json.WriteEndArray();
        }
        else
        {
            _json.WriteNull("event_count"u8);
            _json.WriteNull("data_collections"u8);
        }
        _json.WriteNumber("ts_ms"u8, transaction.CommitMicros / 1000);
        _json.WriteEndObject();
        return Take();
    }

    public byte[] HeartbeatKey()
    {
        _json.WriteStartObject();
        _json.WriteString("serverName"u8, _prefix);
        _json.WriteEndObject();
        return Take();
    }

    public byte[] Heartbeat()
    {
        _json.WriteStartObject();
        _json.WriteNumber("ts_ms"u8, Nanos() / 1_000_000);
        _json.WriteEndObject();
        return Take();
    }

    /// <summary>A transaction's id as the connector writes it: with the LSN of the record that names it.</summary>
    public static string TransactionId(long id, ulong lsn) => string.Create(CultureInfo.InvariantCulture, $"{id}:{lsn}");

    public void Dispose() => _json.Dispose();

    void WriteRow(ReadOnlySpan<byte> name, TableJson table, Row? row, Row? untouched)
    {
        if (row is null)
        {
            _json.WriteNull(name);
            return;
        }
        _json.WriteStartObject(name);
        ValueWriter.WriteColumns(_json, table, row, untouched);
        _json.WriteEndObject();
    }

    void WriteOrder(in Position position, Order? order)
    {
        if (order is not { } place || position.TransactionId is not { } id)
        {
            _json.WriteNull("transaction"u8);
            return;
        }
        _json.WriteStartObject("transaction"u8);
        _json.WriteString("id"u8, TransactionId(id, position.Lsn));
        _json.WriteNumber("total_order"u8, place.Total);
        _json.WriteNumber("data_collection_order"u8, place.InCollection);
        _json.WriteEndObject();
    }

    long Nanos() => (_time.GetUtcNow().Ticks - DateTimeOffset.UnixEpoch.Ticks) * 100;

    byte[] Take()
    {
        _json.Flush();
        byte[] written = _bytes.WrittenSpan.ToArray();
        _bytes.ResetWrittenCount();
        _json.Reset(_bytes);
        return written;
    }
}
