using Betting.Ingest;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>How rows get into <c>bets</c> and <c>ledger_entries</c>.</summary>
enum RowsBy
{
    Unnest,

    /// <summary>Binary COPY into the table itself.</summary>
    Copy,

    /// <summary>Binary COPY into a temporary table, from there by INSERT … SELECT.</summary>
    CopyIntoStaging,
}

/// <summary>The limit (a) with one thing done otherwise than the worker does it.</summary>
sealed record Variation(string Name)
{
    /// <summary>The worker's own way.</summary>
    public static readonly Variation None = new("as the worker does it");

    public static readonly IReadOnlyList<Variation> Others =
    [
        new("binary COPY into the tables") { Rows = RowsBy.Copy },
        new("binary COPY into staging") { Rows = RowsBy.CopyIntoStaging },
        new("synchronous_commit=local") { Options = "-c synchronous_commit=local" },
        new("synchronous_commit=off") { Options = "-c synchronous_commit=off" },
        new("ledger ids by 1,000 a session") { Setup = "ALTER TABLE ledger_entries ALTER COLUMN entry_id SET CACHE 1000" },
        new("save and commit in one round trip") { SavesWithCommit = true },
        new("connections not reset between batches") { NoReset = true },
        new("batches of 1,000") { BatchSize = 1000 },
        new("batches of 2,000") { BatchSize = 2000 },
    ];

    public int BatchSize { get; init; } = new IngestOptions().BatchSize;
    public RowsBy Rows { get; init; }

    /// <summary>The session's settings, as <c>-c name=value</c>.</summary>
    public string Options { get; init; } = "";

    /// <summary>What the database's owner changes beforehand.</summary>
    public string? Setup { get; init; }

    public bool SavesWithCommit { get; init; }

    /// <summary>A connection that comes from the pool is as the batch before left it.</summary>
    public bool NoReset { get; init; }
}
