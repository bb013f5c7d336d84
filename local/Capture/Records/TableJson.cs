using System.Text.Json;
using Betting.Local.Capture.Source;

namespace Betting.Local.Capture.Records;

/// <summary>A table with its names encoded once.</summary>
public sealed class TableJson(Table table)
{
    public Table Table => table;

    public Column[] Columns { get; } = [.. table.Columns];

    public int[] Key { get; } = [.. table.Key];

    public JsonEncodedText[] Names { get; } =
    [.. table.Columns.Select(column => JsonEncodedText.Encode(column.Name, RecordWriter.Escaping))];
}
