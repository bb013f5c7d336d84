using System.Text.Json;
using Betting.Local.Capture.Source;

namespace Betting.Local.Capture.Records;

/// <summary>Writes a row's columns as JSON properties.</summary>
static class ValueWriter
{
    // What the connector writes for a large value that the statement did not touch.
    static readonly JsonEncodedText Unavailable = JsonEncodedText.Encode("__debezium_unavailable_value");

    /// <param name="json">Stands inside an object.</param>
    /// <param name="old">Where an untouched value is taken from, if it has it (replica identity full).</param>
    public static void WriteColumns(Utf8JsonWriter json, TableJson table, Row row, Row? old)
    {
        for (int i = 0; i < table.Columns.Length; i++)
        {
            json.WritePropertyName(table.Names[i]);
            if (row[i] == Cell.Unchanged && old is not null && old[i] != Cell.Unchanged)
                Write(json, table.Columns[i], old, i);
            else
                Write(json, table.Columns[i], row, i);
        }
    }

    public static void WriteKey(Utf8JsonWriter json, TableJson table, Row row)
    {
        json.WriteStartObject();
        foreach (int i in table.Key)
        {
            json.WritePropertyName(table.Names[i]);
            Write(json, table.Columns[i], row, i);
        }
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, Column column, Row row, int i)
    {
        switch (row[i])
        {
            case Cell.Null:
                json.WriteRawValue(column.NullJson, skipInputValidation: true);
                break;
            case Cell.Unchanged:
                json.WriteStringValue(Unavailable);
                break;
            default:
                WriteText(json, column.Form, row.Text(i));
                break;
        }
    }

    static void WriteText(Utf8JsonWriter json, Form form, ReadOnlySpan<byte> text)
    {
        switch (form)
        {
            case Form.Number:
                json.WriteRawValue(text, skipInputValidation: true);
                break;
            case Form.Boolean:
                json.WriteBooleanValue(text[0] == 't');
                break;
            case Form.Numeric:
                json.WriteStringValue(text.SequenceEqual("NaN"u8) ? "NAN"u8 : text);
                break;
            case Form.Timestamp:
                Span<byte> written = stackalloc byte[TimestampText.MaxLength];
                json.WriteStringValue(written[..TimestampText.Write(text, written)]);
                break;
            default:
                json.WriteStringValue(text);
                break;
        }
    }
}
