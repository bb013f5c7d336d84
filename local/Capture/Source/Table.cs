namespace Betting.Local.Capture.Source;

/// <summary>How a column's text becomes JSON.</summary>
public enum Form : byte
{
    /// <summary>smallint, integer, bigint: a JSON number.</summary>
    Number,

    Boolean,

    /// <summary>text, varchar, char, uuid, json, enums: a JSON string as it stands.</summary>
    Text,

    /// <summary>numeric: a JSON string (decimal.handling.mode=string).</summary>
    Numeric,

    /// <summary>timestamptz: ISO 8601 in UTC with six digits.</summary>
    Timestamp,
}

/// <summary>A captured column.</summary>
/// <param name="Name">As in PostgreSQL.</param>
/// <param name="Form">How its text becomes JSON.</param>
/// <param name="NullJson">What stands for NULL, as JSON: see <see cref="ColumnDefaults"/>.</param>
public sealed record Column(string Name, Form Form, byte[] NullJson);

/// <summary>A captured table as it was when its rows came.</summary>
/// <param name="Schema">Its schema.</param>
/// <param name="Name">Its name.</param>
/// <param name="Topic">Where its changes go.</param>
/// <param name="Columns">In the order of the rows.</param>
/// <param name="Key">Positions of the primary key's columns in <paramref name="Columns"/>, in the key's order; empty without one.</param>
public sealed record Table(string Schema, string Name, string Topic, IReadOnlyList<Column> Columns, IReadOnlyList<int> Key)
{
    public string FullName { get; } = $"{Schema}.{Name}";
}
