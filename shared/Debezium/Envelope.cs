using System.Text.Json;

namespace Betting.Debezium;

/// <summary>What one pass over a payload found, before it is judged as a whole: the order of fields differs between versions.</summary>
sealed class Envelope
{
    public Operation Operation;
    public bool HasUnknownOperation;

    /// <summary>A flattened row says so by fields such as <c>__op</c>, <c>__lsn</c>, <c>__deleted</c>.</summary>
    public bool IsFlat;
    public bool IsDeletedFlag;

    /// <summary>What a flattened row has of <c>source</c>, in whatever value.</summary>
    public bool HasFlatTransaction,
        HasFlatSnapshot;
    public bool HasSource;

    /// <summary>The table that <c>source.table</c> or <c>__table</c> names, if the platform follows it.</summary>
    public SourceTable NamedTable;
    public bool HasRow;
    public long? RowId;

    /// <summary>Where the former row begins in the payload; only its key is ever read.</summary>
    public int BeforeStart;
    public ulong? Lsn;
    public ulong? SequenceCommit;
    public ulong? SequenceLsn;
    public long TotalOrder;

    /// <summary>The first column that cannot be read. It matters only if the row is used: a delete's is not.</summary>
    public string? Problem;
    public string? ProblemField;

    /// <summary>The reader stands at the value of <c>op</c>.</summary>
    public void SetOperation(ref Utf8JsonReader reader) =>
        HasUnknownOperation = !(reader.TokenType == JsonTokenType.String && TrySetOperation(reader.ValueSpan));

    /// <summary>False where nobody knows what it is.</summary>
    public bool TrySetOperation(ReadOnlySpan<byte> letter)
    {
        Operation = (letter.Length == 1 ? letter[0] : 0) switch
        {
            'r' => Operation.Read,
            'c' => Operation.Create,
            'u' => Operation.Update,
            'd' => Operation.Delete,
            't' => Operation.Truncate,
            'm' => Operation.Message,
            _ => Operation.None,
        };
        return Operation != Operation.None;
    }

    public void Blame(string problem, string field)
    {
        if (Problem is not null)
            return;
        Problem = problem;
        ProblemField = field;
    }
}
