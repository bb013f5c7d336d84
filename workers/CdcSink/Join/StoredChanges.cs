using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Formats;
using ClickHouse.Driver.ADO.Parameters;

namespace Betting.CdcSink.Join;

/// <summary>Reads what ClickHouse has of bets and of what they name, for the join: always after what it is read for was written.</summary>
sealed class StoredChanges(ChangeStore store)
{
    // One thread: what a batch does beside it has the other processors.
    const string Settings = "SETTINGS max_threads = 1 FORMAT RowBinary";

    const string EndedSql = $"SELECT table, max(version) FROM truncations GROUP BY table {Settings}";

    public async Task<TruncationVersions> EndedAsync(CancellationToken cancellation)
    {
        var ended = new TruncationVersions();
        await store.ReadRowsAsync(
            EndedSql,
            null,
            (ref row) =>
            {
                var table = row.ReadString();
                var version = row.ReadUInt64();
                ended = row.IsShort ? ended : ended.With(table, version);
            },
            cancellation
        );
        return ended;
    }

    /// <summary>Tells which versions and sorting keys of the batch's bets there are.</summary>
    public Task ReadVersionsAsync(OwnChanges own, CancellationToken cancellation) =>
        ReadAsync(OwnChanges.StoredColumns, "bet_changes", own.Ids, own.TakeStored, cancellation);

    public Task ReadAsync(ById<BetState> bets, CancellationToken cancellation) =>
        ReadAsync(BetChange.Columns, "bet_changes", bets.Ids, (ref row) => BetState.Take(ref row, bets), cancellation);

    /// <param name="users">Their states.</param>
    /// <param name="wanted">Those of them that are read; ascending, each once.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task ReadAsync(ById<UserState> users, ReadOnlyMemory<long> wanted, CancellationToken cancellation) =>
        wanted.IsEmpty
            ? Task.CompletedTask
            : ReadAsync(UserState.Columns, "user_changes", wanted, (ref row) => UserState.Take(ref row, users), cancellation);

    public Task ReadAsync(ById<EventState> events, CancellationToken cancellation) =>
        ReadAsync(EventState.Columns, "event_changes", events.Ids, (ref row) => EventState.Take(ref row, events), cancellation);

    Task ReadAsync(string columns, string table, ReadOnlyMemory<long> ids, TakeRow take, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        var condition = IdSelection.Of(ids.Span).AddTo(parameters);
        return store.ReadRowsAsync($"SELECT {columns} FROM {table} WHERE {condition} {Settings}", parameters, take, cancellation);
    }
}
