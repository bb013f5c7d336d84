namespace Betting.Debezium;

/// <summary>The fields of the block <c>source</c> that matter here.</summary>
enum SourceField
{
    Other,
    Lsn,
    Sequence,
    Table,
    Transaction,
    Millis,
    Micros,
    Snapshot,
}

static class SourceFields
{
    public static SourceField Named(ReadOnlySpan<byte> name) =>
        name.Length switch
        {
            3 when name.SequenceEqual("lsn"u8) => SourceField.Lsn,
            4 when name.SequenceEqual("txId"u8) => SourceField.Transaction,
            5 when name.SequenceEqual("ts_ms"u8) => SourceField.Millis,
            5 when name.SequenceEqual("ts_us"u8) => SourceField.Micros,
            5 when name.SequenceEqual("table"u8) => SourceField.Table,
            8 when name.SequenceEqual("sequence"u8) => SourceField.Sequence,
            8 when name.SequenceEqual("snapshot"u8) => SourceField.Snapshot,
            _ => SourceField.Other,
        };
}
