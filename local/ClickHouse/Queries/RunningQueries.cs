using System.Collections.Concurrent;
using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Queries;

/// <summary>
/// The ids of the queries under way. The engine gives each query an id of its own, so the client's goes along as log_comment, by
/// which a query can be found in system.processes and cancelled.
/// </summary>
sealed class RunningQueries(ChdbEngine engine)
{
    readonly ConcurrentDictionary<string, byte> _ids = new(StringComparer.Ordinal);

    public bool IsEmpty => _ids.IsEmpty;

    /// <summary>Notes a query as under way until the answer is disposed.</summary>
    /// <exception cref="EngineException">A query with this id is under way.</exception>
    public IDisposable Enter(string queryId) =>
        _ids.TryAdd(queryId, 0)
            ? new Entry(_ids, queryId)
            : throw new EngineException(ErrorCode.QueryWithSameIdIsAlreadyRunning, $"Query with id = {queryId} is already running.");

    /// <summary>Cancels one query; it then ends with QUERY_WAS_CANCELLED.</summary>
    public void Cancel(string queryId) => Kill($"Settings['log_comment'] = {SqlLiteral.Of(queryId)}");

    /// <summary>Cancels every query.</summary>
    public void CancelAll() => Kill("Settings['log_comment'] != ''");

    void Kill(string which)
    {
        using var connection = engine.Connect();
        connection.Execute($"KILL QUERY WHERE {which} ASYNC");
    }

    sealed class Entry(ConcurrentDictionary<string, byte> ids, string queryId) : IDisposable
    {
        public void Dispose() => ids.TryRemove(queryId, out _);
    }
}
