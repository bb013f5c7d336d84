using Betting.Reconciler.Compare;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.Reconciler.Runs;

/// <summary>A run that somebody asked for.</summary>
/// <param name="Id">Its id.</param>
/// <param name="IsAnswered">True where a run has answered it with drift, and it still holds <c>data_as_of</c>.</param>
readonly record struct Request(string Id, bool IsAnswered);

/// <summary>Runs that others ask for, in ClickHouse's table <c>reconciliation_requests</c>.</summary>
sealed class RequestStore(ClickHouseClient client)
{
    /// <summary>
    /// Requests that no run has answered, and those that hold <c>data_as_of</c> because no run has found everything equal.
    /// </summary>
    public async Task<IReadOnlyList<Request>> OpenAsync(CancellationToken cancellation)
    {
        var open = new List<Request>();
        await using var reader = await client.ExecuteReaderAsync(
            "SELECT id, answered = 1 AND run_id > 0 FROM reconciliation_requests FINAL WHERE answered = 0 OR (answered = 1 AND "
                + "(run_id = 0 OR holds_from IS NOT NULL))",
            cancellationToken: cancellation
        );
        while (await reader.ReadAsync(cancellation))
        {
            open.Add(
                new Request(reader.GetString(0), Convert.ToBoolean(reader.GetValue(1), System.Globalization.CultureInfo.InvariantCulture))
            );
        }
        return open;
    }

    /// <summary>
    /// Notes that a run begins: <c>answered = 1</c> without a run. From then on the sink makes a new request for a later sign, which this
    /// run may not see. May be repeated.
    /// </summary>
    /// <param name="requests">From <see cref="OpenAsync"/>. The run must not look at anything before this is noted.</param>
    /// <param name="cancellation">Ends it; then the run does not begin.</param>
    public Task BeginAsync(IReadOnlyList<Request> requests, CancellationToken cancellation) =>
        WriteAsync(
            requests,
            """
            SELECT id, reason, asked_at, 1, run_id, holds_from
            FROM reconciliation_requests FINAL
            WHERE id IN ({ids:Array(String)}) AND answered = 0
            """,
            new ClickHouseParameterCollection(),
            cancellation
        );

    /// <summary>Notes that <paramref name="run"/>, which began after these were asked, has answered them. May be repeated.</summary>
    /// <param name="requests">From <see cref="OpenAsync"/> before the run began.</param>
    /// <param name="run">The run, which could compare.</param>
    /// <param name="isEqual">True where it found everything equal: what they hold is let go.</param>
    /// <param name="cancellation">Ends it; the next run answers what is left.</param>
    public Task AnswerAsync(IReadOnlyList<Request> requests, long run, bool isEqual, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("run", run);
        parameters.AddParameter("equal", isEqual ? 1 : 0);
        return WriteAsync(
            requests,
            """
            SELECT id, reason, asked_at, if({equal:UInt8} = 1 AND holds_from IS NOT NULL, 2, 1), {run:Int64}, holds_from
            FROM reconciliation_requests FINAL
            WHERE id IN ({ids:Array(String)}) AND answered < 2
            """,
            parameters,
            cancellation
        );
    }

    async Task WriteAsync(
        IReadOnlyList<Request> requests,
        string rows,
        ClickHouseParameterCollection values,
        CancellationToken cancellation
    )
    {
        foreach (var part in requests.Select(request => request.Id).Chunk(ListLimits.Requests))
        {
            var parameters = new ClickHouseParameterCollection();
            foreach (ClickHouseDbParameter value in values)
            {
                parameters.Add(value);
            }
            parameters.AddParameter("ids", part);
            await client.ExecuteNonQueryAsync(
                $"INSERT INTO reconciliation_requests (id, reason, asked_at, answered, run_id, holds_from) {rows}",
                parameters,
                cancellationToken: cancellation
            );
        }
    }
}
