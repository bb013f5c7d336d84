using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Betting.Local.Capture.Records;

/// <summary>Writes the block <c>source</c>: which change of which database this is.</summary>
sealed class SourceWriter(string name, string database)
{
    /// <summary>Where the connector has its version; here the word that it is not the connector.</summary>
    public const string Version = "stand-in";

    readonly byte[] _name = Encoding.UTF8.GetBytes(name);
    readonly byte[] _database = Encoding.UTF8.GetBytes(database);

    public void Write(Utf8JsonWriter json, in Position position, string schema, string table)
    {
        json.WriteStartObject("source"u8);
        json.WriteString("version"u8, Version);
        json.WriteString("connector"u8, "postgresql"u8);
        json.WriteString("name"u8, _name);
        json.WriteNumber("ts_ms"u8, position.Micros / 1000);
        json.WriteString("snapshot"u8, position.Snapshot);
        json.WriteString("db"u8, _database);
        WriteSequence(json, position);
        json.WriteNumber("ts_us"u8, position.Micros);
        json.WriteNumber("ts_ns"u8, position.Micros * 1000);
        json.WriteString("schema"u8, schema);
        json.WriteString("table"u8, table);
        if (position.TransactionId is { } id)
            json.WriteNumber("txId"u8, id);
        else
            json.WriteNull("txId"u8);
        json.WriteNumber("lsn"u8, position.Lsn);
        json.WriteNull("xmin"u8);
        json.WriteNull("origin"u8);
        json.WriteNull("origin_lsn"u8);
        json.WriteEndObject();
    }

    // A JSON array inside a string: ["26852728","26852920"], or [null,"26852680"] before the first commit.
    static void WriteSequence(Utf8JsonWriter json, in Position position)
    {
        Span<byte> text = stackalloc byte[64];
        int at = 0;
        text[at++] = (byte)'[';
        at += position.LastCommit is { } commit ? WriteQuoted(text[at..], commit) : Copy(text[at..], "null"u8);
        text[at++] = (byte)',';
        at += WriteQuoted(text[at..], position.Lsn);
        text[at++] = (byte)']';
        json.WriteString("sequence"u8, text[..at]);
    }

    static int WriteQuoted(Span<byte> into, ulong number)
    {
        into[0] = (byte)'"';
        Utf8Formatter.TryFormat(number, into[1..], out int digits);
        into[digits + 1] = (byte)'"';
        return digits + 2;
    }

    static int Copy(Span<byte> into, ReadOnlySpan<byte> text)
    {
        text.CopyTo(into);
        return text.Length;
    }
}
