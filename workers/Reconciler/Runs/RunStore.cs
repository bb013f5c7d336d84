using System.Text.Json;
using Betting.Connections;
using Betting.Reconciler.Compare;
using Betting.Reconciler.Compare.Tables;
using Betting.Reconciler.Cut;
using Dapper;
using Npgsql;

namespace Betting.Reconciler.Runs;

/// <summary>The history of runs in PostgreSQL.</summary>
sealed class RunStore(PostgresSource postgres)
{
    public async Task<long> BeginAsync(string trigger, CancellationToken cancellation)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        return await connection.ExecuteScalarAsync<long>(
            "INSERT INTO reconciliation_runs (trigger, started_at) VALUES (@trigger, now()) RETURNING run_id",
            new { trigger }
        );
    }

    public async Task NoteCutAsync(long run, ExactCut cut, CancellationToken cancellation)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(
            "UPDATE reconciliation_runs SET snapshot = @snapshot, fence_lsn = @fence::pg_lsn WHERE run_id = @run",
            new
            {
                run,
                snapshot = cut.Snapshot.ToString(),
                fence = cut.FenceLsn,
            }
        );
    }

    public async Task FailAsync(long run, string reason)
    {
        await using var connection = await postgres.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "UPDATE reconciliation_runs SET finished_at = now(), outcome = 'failed', detail = @reason WHERE run_id = @run",
            new { run, reason }
        );
    }

    /// <summary>The result and its findings in one transaction.</summary>
    public async Task FinishAsync(long run, RunReport report, CancellationToken cancellation)
    {
        var (changes, view) = (report.Changes!, report.View!);
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await connection.ExecuteAsync(
            """
            UPDATE reconciliation_runs SET finished_at = now(), outcome = @outcome, days = @days, rows_postgres = @postgres,
            rows_clickhouse = @clickhouse,
                rows_different = @different, amount_difference = @amount
            WHERE run_id = @run
            """,
            new
            {
                run,
                outcome = report.Outcome == RunOutcome.Equal ? "equal" : "drift",
                days = changes.Days,
                postgres = changes.ExpectedBets,
                clickhouse = changes.FoundBets,
                different = report.DifferentBets + report.Tables.Sum(table => table.DifferentRows),
                amount = report.AmountDifference,
            }
        );
        await AddFindingsAsync(connection, run, "changes", changes);
        await AddFindingsAsync(connection, run, "view", view);
        foreach (var table in report.Tables)
        {
            await AddRowsAsync(connection, run, table);
        }
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>When the last run that could compare ended, UTC; null if none has.</summary>
    public async Task<DateTime?> LastComparedAsync(CancellationToken cancellation)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        return await connection.ExecuteScalarAsync<DateTime?>(
            new CommandDefinition(
                "SELECT max(finished_at) FROM reconciliation_runs WHERE outcome IN ('equal', 'drift')",
                cancellationToken: cancellation
            )
        );
    }

    static async Task AddFindingsAsync(NpgsqlConnection connection, long run, string part, ComparisonResult result)
    {
        var days = result.DayDifferences.Select(day => new
        {
            run,
            part,
            kind = "day",
            day = day.Date,
            bet = (long?)null,
            columns = (string[]?)null,
            postgres = (string?)ToJson(day.Expected),
            clickhouse = (string?)ToJson(day.Found),
        });
        var bets = result.Findings.Select(finding => new
        {
            run,
            part,
            kind = NameOf(finding.Kind),
            day = DayNumber.ToDate(finding.Day),
            bet = (long?)finding.Id,
            columns = (string[]?)[.. finding.Columns],
            postgres = finding.Expected is null ? null : JsonSerializer.Serialize(finding.Expected),
            clickhouse = finding.Found is null ? null : JsonSerializer.Serialize(finding.Found),
        });
        await connection.ExecuteAsync(
            """
            INSERT INTO reconciliation_findings (run_id, part, kind, day, bet_id, columns, postgres, clickhouse)
            VALUES (@run, @part, @kind, @day, @bet, @columns, @postgres::jsonb, @clickhouse::jsonb)
            """,
            days.Concat(bets)
        );
    }

    static Task<int> AddRowsAsync(NpgsqlConnection connection, long run, TableResult table) =>
        connection.ExecuteAsync(
            """
            INSERT INTO reconciliation_findings (run_id, part, kind, row_id, columns, postgres, clickhouse)
            VALUES (@run, @part, @kind, @row, @columns, @postgres::jsonb, @clickhouse::jsonb)
            """,
            table.Findings.Select(finding => new
            {
                run,
                part = table.Table,
                kind = NameOf(finding.Kind),
                row = finding.Id,
                columns = (string[])[.. finding.Columns],
                postgres = finding.Expected is null ? null : JsonSerializer.Serialize(finding.Expected),
                clickhouse = finding.Found is null ? null : JsonSerializer.Serialize(finding.Found),
            })
        );

    static string NameOf(DriftKind kind) =>
        kind switch
        {
            DriftKind.Missing => "missing",
            DriftKind.Extra => "extra",
            _ => "mismatched",
        };

    static string ToJson(IEnumerable<DayTotals> totals) =>
        JsonSerializer.Serialize(
            totals.ToDictionary(
                of => of.Status,
                of => new
                {
                    bets = of.Bets,
                    amount = of.Amount,
                    payout = of.Payout,
                    checksum = of.Checksum.ToString(System.Globalization.CultureInfo.InvariantCulture),
                }
            )
        );
}
