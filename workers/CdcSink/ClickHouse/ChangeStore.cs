using System.Globalization;
using Betting.CdcSink.Formats;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.ClickHouse;

/// <summary>The statements that the sink runs in ClickHouse. Each has the same effect however often it runs.</summary>
public sealed class ChangeStore : IDisposable
{
    const string BetsAnalyticsRows = "bets_analytics_rows";

    readonly ClickHouseClient _client;

    // Lists of ids are too long for an address, so parameters travel in the request's body.
    public ChangeStore(ClickHouseClient client)
    {
        var settings = new ClickHouseClientSettings(client.Settings) { UseFormDataParameters = true, UseCompression = false };
        // Whatever the user's profile says: an insert is there when it is acknowledged, or the join would not read it.
        settings.CustomSettings["async_insert"] = 0;
        settings.CustomSettings["wait_for_async_insert"] = 1;
        // A block's rows are not merged before they are written: nearly all of them have keys of their own, and looking costs as
        // much as the rest of the insert. What does repeat a key collapses in the first merge, as between blocks, and in FINAL.
        settings.CustomSettings["optimize_on_insert"] = 0;
        // An answer is sent when it is complete: see ReadRowsAsync.
        settings.CustomSettings["wait_end_of_query"] = 1;
        _client = new ClickHouseClient(settings);
    }

    /// <summary>Inserts rows; nothing where there are none.</summary>
    public async Task InsertAsync(string table, NativeRows rows, CancellationToken cancellation)
    {
        if (rows.Rows == 0)
        {
            return;
        }
        using var answer = await _client.PostStreamAsync(
            $"INSERT INTO {table} ({rows.ColumnNames}) FORMAT Native",
            rows.Open(),
            isCompressed: false,
            cancellation
        );
    }

    /// <summary>
    /// Reads rows of an answer in RowBinary. An error in the middle of it is an error of the whole: nothing is taken for complete that is
    /// not.
    /// </summary>
    /// <param name="sql">Ends in <c>FORMAT RowBinary</c>.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="take">Takes a row.</param>
    /// <param name="cancellation">Ends it.</param>
    internal async Task ReadRowsAsync(string sql, ClickHouseParameterCollection? parameters, TakeRow take, CancellationToken cancellation)
    {
        await using var connection = _client.CreateConnection();
        await using var command = connection.CreateCommand(sql);
        foreach (ClickHouseDbParameter parameter in parameters ?? [])
        {
            command.Parameters.Add(parameter);
        }
        using var answer = await command.ExecuteRawResultAsync(cancellation);
        await using var rows = await answer.ReadAsStreamAsync();
        await RowStream.ReadAsync(rows, take, cancellation);
    }

    /// <summary>Joins these bets inside ClickHouse, as they are stored now, and inserts their rows and delete markers.</summary>
    public Task JoinAsync(IReadOnlyCollection<long> bets, CancellationToken cancellation) =>
        new JoinInside(_client).RunAsync(BetsAnalyticsRows, bets, cancellation);

    /// <summary>Inserts rows of bets, in several blocks where they span more months than a server takes in one.</summary>
    internal Task InsertByMonthAsync(NativeRows rows, CancellationToken cancellation) =>
        MonthBlocks.InsertAsync(rows, (block, stop) => InsertAsync(BetsAnalyticsRows, block, stop), cancellation);

    /// <summary>Whether the table has changes at or above <paramref name="from"/> and below <paramref name="to"/>.</summary>
    public async Task<bool> HasChangesAsync(SourceTable table, ChangeVersion from, ChangeVersion to, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("from", from.Value);
        parameters.AddParameter("to", to.Value);
        var sql =
            $"SELECT count() FROM (SELECT 1 FROM {ChangesOf(table)} WHERE version >= {{from:UInt64}} AND version < {{to:UInt64}} LIMIT 1)";
        return Convert.ToInt64(
                await _client.ExecuteScalarAsync(sql, parameters, cancellationToken: cancellation),
                CultureInfo.InvariantCulture
            ) > 0;
    }

    /// <summary>By topic: the version of the newest snapshot of which a read is stored.</summary>
    public async Task<Dictionary<string, ulong>> NewestReadsAsync(CancellationToken cancellation)
    {
        var newest = new Dictionary<string, ulong>();
        await using var rows = await _client.ExecuteReaderAsync(
            "SELECT toString(topic), max(version) FROM snapshot_markers WHERE marker = 'read' GROUP BY topic",
            cancellationToken: cancellation
        );
        while (await rows.ReadAsync(cancellation))
        {
            newest[rows.GetString(0)] = Convert.ToUInt64(rows.GetValue(1), CultureInfo.InvariantCulture);
        }
        return newest;
    }

    /// <summary>True where the table has this change.</summary>
    public async Task<bool> HasChangeAsync(SourceTable table, long id, ulong version, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("id", id);
        parameters.AddParameter("version", version);
        var sql = $"SELECT count() FROM {ChangesOf(table)} WHERE id = {{id:Int64}} AND version = {{version:UInt64}}";
        return Convert.ToInt64(
                await _client.ExecuteScalarAsync(sql, parameters, cancellationToken: cancellation),
                CultureInfo.InvariantCulture
            ) > 0;
    }

    /// <summary>Asks the Reconciler for a run; once for each <paramref name="id"/>, however often it is asked.</summary>
    /// <param name="id">Names the sign, so that the same sign asks once.</param>
    /// <param name="reason">For people.</param>
    /// <param name="hold">
    /// How far <c>data_as_of</c> may go meanwhile. To be asked before progress is recorded: progress lets it go on.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    public Task AskReconciliationAsync(string id, string reason, Hold hold, CancellationToken cancellation) =>
        AskAsync(id, reason, hold, "", cancellation);

    /// <summary>
    /// Asks the Reconciler for a run that begins after this sign. Where a request of the same subject is open, holds as much, and no run
    /// has begun since it was made, its run begins after this sign too, and no other request is made: their number grows with the runs.
    /// </summary>
    /// <param name="sign">The sign. Asked again after its request was answered, it asks for nothing.</param>
    /// <param name="reason">For people.</param>
    /// <param name="hold">As for any request.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task AskReconciliationAsync(Sign sign, string reason, Hold hold, CancellationToken cancellation)
    {
        // The Reconciler writes answered = 1 before its run looks at anything, and a row never goes back to 0.
        var covering = hold.Until is null ? "" : "AND toUnixTimestamp64Micro(holds_from) <= {until:Int64}";
        return AskAsync(
            sign.Id,
            reason,
            hold,
            $"WHERE (SELECT count() FROM reconciliation_requests FINAL WHERE startsWith(id, {{prefix:String}}) AND answered = 0 "
                + $"{covering}) = 0",
            cancellation,
            sign.Prefix
        );
    }

    async Task AskAsync(string id, string reason, Hold hold, string where, CancellationToken cancellation, string prefix = "")
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("id", id);
        parameters.AddParameter("reason", reason);
        parameters.AddParameter("prefix", prefix);
        if (hold.Until is not { } until)
        {
            var plain = $"INSERT INTO reconciliation_requests (id, reason) SELECT {{id:String}}, {{reason:String}} {where}";
            await _client.ExecuteNonQueryAsync(plain, parameters, cancellationToken: cancellation);
            return;
        }
        parameters.AddParameter("until", until);
        // An open hold keeps data_as_of where it is, so asking again never moves the hold forward.
        var sql = $$"""
            INSERT INTO reconciliation_requests (id, reason, holds_from)
            SELECT {id:String}, {reason:String},
                fromUnixTimestamp64Micro(least((SELECT ifNull(max(toUnixTimestamp64Micro(data_as_of)), 0) FROM data_as_of),
                {until:Int64}), 'UTC')
            {{where}}
            """;
        await _client.ExecuteNonQueryAsync(sql, parameters, cancellationToken: cancellation);
    }

    public Task PingAsync(CancellationToken cancellation) => _client.ExecuteScalarAsync("SELECT 1", cancellationToken: cancellation);

    public void Dispose() => _client.Dispose();

    static string ChangesOf(SourceTable table) => table.ToString().ToLowerInvariant().TrimEnd('s') + "_changes";
}
