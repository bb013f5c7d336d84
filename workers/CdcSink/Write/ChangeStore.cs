using System.Globalization;
using Betting.CdcSink.Batches;
using Betting.Debezium;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.Write;

/// <summary>The statements that the sink runs in ClickHouse. Each has the same effect however often it runs.</summary>
public sealed class ChangeStore : IDisposable
{
    readonly ClickHouseClient _client;

    // Lists of ids are too long for an address, so parameters travel in the request's body.
    public ChangeStore(ClickHouseClient client)
    {
        var settings = new ClickHouseClientSettings(client.Settings) { UseFormDataParameters = true };
        // Whatever the user's profile says: an insert is there when it is acknowledged, or the join would not read it.
        settings.CustomSettings["async_insert"] = 0;
        settings.CustomSettings["wait_for_async_insert"] = 1;
        _client = new ClickHouseClient(settings);
    }

    /// <summary>Inserts encoded rows; nothing where there are none.</summary>
    public async Task InsertAsync(string table, string columns, RowBinaryBuffer rows, CancellationToken cancellation)
    {
        if (rows.Rows == 0)
        {
            return;
        }
        using var answer = await _client.PostStreamAsync($"INSERT INTO {table} ({columns}) FORMAT RowBinary", rows.Open(), isCompressed: false, cancellation);
    }

    /// <summary>About how many bets ever named one of these users or events: not fewer than there are.</summary>
    public async Task<long> CountBetsOfAsync(IReadOnlyCollection<long> users, IReadOnlyCollection<long> events, CancellationToken cancellation)
    {
        if (users.Count == 0 && events.Count == 0)
        {
            return 0;
        }
        const string Sql = """
            SELECT (SELECT count() FROM bets_by_user WHERE user_id IN ({users:Array(Int64)})) + (SELECT count() FROM bets_by_event WHERE event_id IN ({events:Array(Int64)}))
            """;
        return Convert.ToInt64(await _client.ExecuteScalarAsync(Sql, Dimensions(users, events), cancellationToken: cancellation), CultureInfo.InvariantCulture);
    }

    /// <summary>Every bet that ever named one of these users or events, in the order of ids.</summary>
    /// <param name="users">Ids.</param>
    /// <param name="events">Ids.</param>
    /// <param name="from">The lowest bet id that is wanted.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<List<long>> BetsOfAsync(
        IReadOnlyCollection<long> users, IReadOnlyCollection<long> events, long from = long.MinValue, long limit = long.MaxValue, CancellationToken cancellation = default)
    {
        if (users.Count == 0 && events.Count == 0)
        {
            return [];
        }
        const string Sql = """
            SELECT DISTINCT bet_id FROM
            (
                SELECT bet_id FROM bets_by_user WHERE user_id IN ({users:Array(Int64)}) AND bet_id >= {from:Int64}
                UNION ALL
                SELECT bet_id FROM bets_by_event WHERE event_id IN ({events:Array(Int64)}) AND bet_id >= {from:Int64}
            )
            ORDER BY bet_id LIMIT {limit:UInt64}
            """;
        var parameters = Dimensions(users, events);
        parameters.AddParameter("from", from);
        parameters.AddParameter("limit", (ulong)limit);
        return await ReadIdsAsync(Sql, parameters, cancellation);
    }

    /// <summary>Every bet there ever was, in the order of ids, from one on.</summary>
    public Task<List<long>> AllBetsAsync(long from, long limit, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("from", from);
        parameters.AddParameter("limit", (ulong)limit);
        return ReadIdsAsync("SELECT DISTINCT id FROM bet_changes WHERE id >= {from:Int64} ORDER BY id LIMIT {limit:UInt64}", parameters, cancellation);
    }

    /// <summary>Joins these bets as they are stored now and inserts their rows and delete markers.</summary>
    public Task JoinAsync(IReadOnlyCollection<long> bets, CancellationToken cancellation) =>
        _client.ExecuteNonQueryAsync(JoinStatement.Sql, Ids(bets), cancellationToken: cancellation);

    /// <summary>Whether the table has changes at or above <paramref name="from"/> and below <paramref name="to"/>.</summary>
    public async Task<bool> HasChangesAsync(SourceTable table, ChangeVersion from, ChangeVersion to, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("from", from.Value);
        parameters.AddParameter("to", to.Value);
        var sql = $"SELECT count() FROM (SELECT 1 FROM {table.ToString().ToLowerInvariant().TrimEnd('s')}_changes WHERE version >= {{from:UInt64}} AND version < {{to:UInt64}} LIMIT 1)";
        return Convert.ToInt64(await _client.ExecuteScalarAsync(sql, parameters, cancellationToken: cancellation), CultureInfo.InvariantCulture) > 0;
    }

    /// <summary>Asks the Reconciler for a run; once for each <paramref name="id"/>, however often it is asked.</summary>
    public Task AskReconciliationAsync(string id, string reason, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("id", id);
        parameters.AddParameter("reason", reason);
        return _client.ExecuteNonQueryAsync("INSERT INTO reconciliation_requests (id, reason) SELECT {id:String}, {reason:String}", parameters, cancellationToken: cancellation);
    }

    public Task PingAsync(CancellationToken cancellation) => _client.ExecuteScalarAsync("SELECT 1", cancellationToken: cancellation);

    public void Dispose() => _client.Dispose();

    async Task<List<long>> ReadIdsAsync(string sql, ClickHouseParameterCollection parameters, CancellationToken cancellation)
    {
        var ids = new List<long>();
        await using var reader = await _client.ExecuteReaderAsync(sql, parameters, cancellationToken: cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            ids.Add(reader.GetInt64(0));
        }
        return ids;
    }

    static ClickHouseParameterCollection Dimensions(IReadOnlyCollection<long> users, IReadOnlyCollection<long> events)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("users", users.ToArray());
        parameters.AddParameter("events", events.ToArray());
        return parameters;
    }

    static ClickHouseParameterCollection Ids(IReadOnlyCollection<long> ids)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("ids", ids.ToArray());
        return parameters;
    }
}
