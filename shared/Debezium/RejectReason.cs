namespace Betting.Debezium;

/// <summary>Why a record cannot be decoded. The codes go into dead letters and metrics and never change their meaning.</summary>
public static class RejectReason
{
    public const string TooLarge = "too-large";
    public const string InvalidUtf8 = "invalid-utf8";

    /// <summary>No JSON, cut off, or nested too deeply.</summary>
    public const string MalformedJson = "malformed-json";

    /// <summary>JSON, but neither an envelope nor a flattened row.</summary>
    public const string NotAnEnvelope = "not-an-envelope";
    public const string UnknownOperation = "unknown-operation";

    /// <summary>No key in the record, its value or its former row.</summary>
    public const string NoKey = "no-key";

    /// <summary>
    /// The row's id is 0, which PostgreSQL's CHECK constraints exclude: a replica identity by an index without the id makes Debezium write
    /// 0.
    /// </summary>
    public const string IdIsZero = "id-is-zero";

    /// <summary>Neither <c>lsn</c> nor <c>sequence</c>: the change has no place in the order of changes.</summary>
    public const string NoPosition = "no-position";

    /// <summary>
    /// A flattened row without a part of Debezium's <c>source</c> that decides what is shown: add it to the transform's <c>add.fields</c>.
    /// </summary>
    public const string NoSource = "no-source";
    public const string NoRow = "no-row";

    /// <summary>A column without which a bet has no place in its table: user_id, event_id, placed_at.</summary>
    public const string MissingColumn = "missing-column";

    /// <summary>NULL in one of the columns without which a bet has no place.</summary>
    public const string NullValue = "null-value";
    public const string WrongType = "wrong-type";

    /// <summary>An epoch outside 0–63, an LSN beyond 2^56, an id beyond 64 bits, an amount of more than a thousand digits.</summary>
    public const string OutOfRange = "out-of-range";

    /// <summary>A text of digits alone that may be a decimal, or base64 of one whose schema was switched off.</summary>
    public const string AmbiguousDecimal = "ambiguous-decimal";

    /// <summary>A time as a bare number, and neither a schema nor a setting says what it counts.</summary>
    public const string UnknownUnit = "unknown-unit";

    /// <summary>A tombstone that repeats no delete: set the flattening transform's delete handling to <c>rewrite</c>.</summary>
    public const string TombstoneWithoutDelete = "tombstone-without-delete";
}

/// <summary>Why a record that was understood is not used.</summary>
public static class SkipRule
{
    /// <summary>A table that the platform does not follow, such as the connector's signal table.</summary>
    public const string OtherTable = "other-table";
}
