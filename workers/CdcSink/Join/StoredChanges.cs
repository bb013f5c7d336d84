using Betting.CdcSink.Write;
using ClickHouse.Driver.ADO.Parameters;

namespace Betting.CdcSink.Join;

/// <summary>Reads what ClickHouse has of bets and of what they name, for the join: always after what it is read for was written.</summary>
sealed class StoredChanges(ChangeStore store)
{
    // One thread: what a batch does beside it has the other processors.
    const string Settings = "SETTINGS max_threads = 1 FORMAT RowBinary";

    static readonly string VersionsSql = $"SELECT {OwnChanges.StoredColumns} FROM bet_changes WHERE {IdSelection.Condition} {Settings}";
    static readonly string BetsSql = $"SELECT {BetChange.Columns} FROM bet_changes WHERE {IdSelection.Condition} {Settings}";
    static readonly string UsersSql = $"SELECT {UserState.Columns} FROM user_changes WHERE {IdSelection.Condition} {Settings}";
    static readonly string EventsSql = $"SELECT {EventState.Columns} FROM event_changes WHERE {IdSelection.Condition} {Settings}";
    const string EndedSql = $"SELECT table, max(version) FROM truncations GROUP BY table {Settings}";

    public async Task<Ended> EndedAsync(CancellationToken cancellation)
    {
        var ended = new Ended();
        await store.ReadRowsAsync(EndedSql, null, (ref row) =>
        {
            var table = row.ReadString();
            var version = row.ReadUInt64();
            ended = row.IsShort ? ended : ended.With(table, version);
        }, cancellation);
        return ended;
    }

    /// <summary>Tells which versions and sorting keys of the batch's bets there are.</summary>
    public Task ReadVersionsAsync(OwnChanges own, CancellationToken cancellation) =>
        store.ReadRowsAsync(VersionsSql, Parameters(own.Ids), own.TakeStored, cancellation);

    public Task ReadAsync(ById<BetState> bets, CancellationToken cancellation) =>
        store.ReadRowsAsync(BetsSql, Parameters(bets.Ids), (ref row) => BetState.Take(ref row, bets), cancellation);

    /// <param name="users">Their states.</param>
    /// <param name="wanted">Those of them that are read; ascending, each once.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task ReadAsync(ById<UserState> users, ReadOnlyMemory<long> wanted, CancellationToken cancellation) => wanted.IsEmpty
        ? Task.CompletedTask
        : store.ReadRowsAsync(UsersSql, Parameters(wanted), (ref row) => UserState.Take(ref row, users), cancellation);

    public Task ReadAsync(ById<EventState> events, CancellationToken cancellation) =>
        store.ReadRowsAsync(EventsSql, Parameters(events.Ids), (ref row) => EventState.Take(ref row, events), cancellation);

    static ClickHouseParameterCollection Parameters(ReadOnlyMemory<long> ids)
    {
        var parameters = new ClickHouseParameterCollection();
        IdSelection.Of(ids.Span).AddTo(parameters);
        return parameters;
    }
}
