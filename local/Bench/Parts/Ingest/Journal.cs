namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>
/// What PostgreSQL itself says about a run: the commit timestamps of the transactions that wrote the journal's rows, on the
/// same machine's clock that stamped the commands.
/// </summary>
static class Journal
{
    const string Transactions = """
        SELECT sum(n) FILTER (WHERE at > first), extract(epoch FROM max(at) - min(first)), sum(n)
        FROM (SELECT n, at, min(at) OVER () AS first
              FROM (SELECT count(*) AS n, pg_xact_commit_timestamp(xid) AS at FROM (SELECT xmin AS xid FROM commands
                  WHERE bet_id >= $1) c GROUP BY xid) t) w
        """;

    /// <summary>
    /// Messages a second, from the commit of the first measured transaction to that of the last; what the first one brought
    /// is not counted, its work having been done before the clock started.
    /// </summary>
    public static async Task<double> RateAsync(BenchDatabase database, Workload workload)
    {
        await using var command = database.Admin.CreateCommand(Transactions);
        command.Parameters.AddWithValue(workload.FirstMeasuredBet);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        var (after, seconds, all) = (row.GetDecimal(0), row.GetDecimal(1), row.GetDecimal(2));
        return (double)(workload.Measured.Count * (after / all) / seconds);
    }

    /// <summary>Seconds from the stamp to the commit, for the given shares of all measured commands.</summary>
    public static async Task<double[]> LatenciesAsync(BenchDatabase database, long firstBet, params double[] shares)
    {
        await using var command = database.Admin.CreateCommand(
            """
            SELECT percentile_cont($2) WITHIN GROUP (ORDER BY extract(epoch FROM pg_xact_commit_timestamp(xmin) - issued_at)::float8)
            FROM commands WHERE bet_id >= $1
            """
        );
        command.Parameters.AddWithValue(firstBet);
        command.Parameters.AddWithValue(shares);
        return (double[])(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The same 95th percentile for each second in which commands were issued: whether it is always so, or now and then.</summary>
    public static async Task<double[]> LatenciesBySecondAsync(BenchDatabase database, long firstBet)
    {
        await using var command = database.Admin.CreateCommand(
            """
            SELECT array_agg(p95 ORDER BY second) FROM
            (
                SELECT date_trunc('second', issued_at) AS second,
                    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch
                    FROM pg_xact_commit_timestamp(xmin) - issued_at)::float8) AS p95
                FROM commands WHERE bet_id >= $1 GROUP BY 1
            ) AS seconds
            """
        );
        command.Parameters.AddWithValue(firstBet);
        return (double[])(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Whether all of these have their outcome.</summary>
    public static async Task<bool> HasAsync(BenchDatabase database, IReadOnlyList<Guid> ids) =>
        await database.ScalarAsync<long>("SELECT count(*) FROM commands WHERE command_id = ANY($1)", ids) == ids.Count;

    /// <summary>Whether the run did what its commands say; a fast wrong result is none.</summary>
    /// <exception cref="InvalidOperationException">It did not.</exception>
    public static async Task CheckAsync(BenchDatabase database, Workload workload)
    {
        await using var command = database.Admin.CreateCommand(
            """
            SELECT (SELECT count(*) FROM commands WHERE bet_id >= $1), (SELECT count(*) FROM bets WHERE id >= $1),
                   (SELECT count(*) FROM ledger_entries WHERE bet_id >= $1 AND account = 'stakes'),
                   (SELECT sum(amount) FROM ledger_entries), (SELECT sum(balance) FROM wallets) - (SELECT sum(amount) FROM ledger_entries
                   WHERE account = 'wallet')
            """
        );
        command.Parameters.AddWithValue(workload.FirstMeasuredBet);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        var (commands, bets, stakes, sum, seeded) = (
            row.GetInt64(0),
            row.GetInt64(1),
            row.GetInt64(2),
            row.GetDecimal(3),
            row.GetDecimal(4)
        );
        if (
            commands != workload.Distinct
            || bets != workload.Accepted
            || stakes != workload.Accepted
            || sum != 0
            || seeded != (decimal)IngestStage.Balance * IngestStage.Users
        )
        {
            throw new InvalidOperationException(
                $"the run is wrong: {commands} commands for {workload.Distinct}, {bets} bets and "
                    + $"{stakes} stakes for {workload.Accepted}, ledger {sum}, wallets minus ledger {seeded}"
            );
        }
    }
}
