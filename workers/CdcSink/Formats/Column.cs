namespace Betting.CdcSink.Formats;

/// <summary>
/// A column that rows are written for: its name, the type of what is sent for it, and the streams that the Native form keeps it in.
/// </summary>
/// <param name="Name">In its table.</param>
/// <param name="Type">ClickHouse converts from it where the table's own differs, as texts to <c>LowCardinality(String)</c>.</param>
/// <param name="Widths">Of a value in each stream, in bytes; 0 for texts, which have all lengths.</param>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1720", Justification = "ClickHouse's own names of its types.")]
public sealed record Column(string Name, string Type, params IReadOnlyList<int> Widths)
{
    public static Column Bool(string name) => new(name, "Bool", 1);

    public static Column UInt8(string name) => new(name, "UInt8", 1);

    public static Column UInt16(string name) => new(name, "UInt16", 2);

    public static Column Int32(string name) => new(name, "Int32", 4);

    public static Column UInt32(string name) => new(name, "UInt32", 4);

    public static Column Int64(string name) => new(name, "Int64", 8);

    public static Column UInt64(string name) => new(name, "UInt64", 8);

    public static Column UInt128(string name) => new(name, "UInt128", 16);

    public static Column Text(string name) => new(name, "String", 0);

    /// <summary>An amount in hundredths.</summary>
    public static Column Money(string name) => new(name, "Decimal(18, 2)", 8);

    /// <summary>A moment in microseconds since 1970.</summary>
    public static Column Time(string name) => new(name, "DateTime64(6, 'UTC')", 8);

    /// <summary>A moment in milliseconds since 1970.</summary>
    public static Column Millis(string name) => new(name, "DateTime64(3, 'UTC')", 8);

    public static Column Uuid(string name) => new(name, "UUID", 16);

    /// <summary>Texts by text.</summary>
    public static Column Map(string name) => new(name, "Map(String, String)", 8, 0, 0);

    /// <summary>This column where a value may be missing: which are, and the values.</summary>
    public Column OrNull() => new(Name, $"Nullable({Type})", [1, .. Widths]);
}
