using Betting.Reconciler.Compare;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.Reconciler.Runs;

/// <summary>Runs that others ask for, in ClickHouse's table <c>reconciliation_requests</c>.</summary>
sealed class RequestStore(ClickHouseClient client)
{
    public async Task<IReadOnlyList<string>> OpenAsync(CancellationToken cancellation)
    {
        var open = new List<string>();
        await using var reader = await client.ExecuteReaderAsync("SELECT id FROM reconciliation_requests FINAL WHERE answered = 0", cancellationToken: cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            open.Add(reader.GetString(0));
        }
        return open;
    }

    /// <summary>Notes that <paramref name="run"/>, which began after these were asked, has answered them. May be repeated.</summary>
    public async Task AnswerAsync(IReadOnlyList<string> requests, long run, CancellationToken cancellation)
    {
        foreach (var part in requests.Chunk(ListLimits.Requests))
        {
            var parameters = new ClickHouseParameterCollection();
            parameters.AddParameter("ids", part);
            parameters.AddParameter("run", run);
            await client.ExecuteNonQueryAsync(
                """
                INSERT INTO reconciliation_requests (id, reason, asked_at, answered, run_id)
                SELECT id, reason, asked_at, 1, {run:Int64} FROM reconciliation_requests FINAL WHERE id IN ({ids:Array(String)}) AND answered = 0
                """, parameters, cancellationToken: cancellation);
        }
    }
}
