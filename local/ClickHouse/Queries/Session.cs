using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Queries;

/// <summary>One client's connection over several requests: its temporary tables, its SET and USE.</summary>
sealed class Session(EngineConnection connection)
{
    public EngineConnection Connection { get; } = connection;

    /// <summary>One query at a time, guarded by the store's lock.</summary>
    public bool IsBusy { get; set; }

    /// <summary>When it may be dropped, in the time provider's ticks; counts while no query runs.</summary>
    public DateTimeOffset ExpiresAt { get; set; }
}
