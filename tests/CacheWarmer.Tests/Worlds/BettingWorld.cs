using System.Globalization;
using System.Text;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Betting.Tests.CacheWarmer.Worlds;

/// <summary>
/// A real PostgreSQL database whose bets are changed by transactions that overlap, and the stream that a connector makes of
/// them: records in the order of commits, each bet's in one partition.
/// </summary>
sealed class BettingWorld(NpgsqlDataSource postgres, int partitions) : IAsyncDisposable
{
    static readonly string[] Statuses = ["OPEN", "OPEN", "SETTLED", "CASHED_OUT", "CANCELLED"];
    readonly List<OpenTransaction> _open = [];
    long _order;

    /// <summary>Each partition's records so far.</summary>
    public List<StreamRecord>[] Log { get; } = [.. Enumerable.Range(0, partitions).Select(_ => new List<StreamRecord>())];

    public NpgsqlDataSource Postgres => postgres;

    public static async Task<BettingWorld> CreateAsync(Servers servers, int partitions) =>
        await CreateAsync(await servers.PostgresAsync(), partitions);

    public static async Task<BettingWorld> CreateAsync(PostgresServer server, int partitions)
    {
        var connection = await TestDatabase.CreateAsync(server);
        await PostgresMigrator.MigrateAsync(connection, new Dictionary<string, string>(), NullLogger.Instance, CancellationToken.None);
        return new BettingWorld(NpgsqlDataSource.Create(connection), partitions);
    }

    /// <summary>
    /// One random thing happens: a transaction begins, writes, commits or rolls back; now and then all bets are truncated.
    /// </summary>
    public async Task StepAsync(Random random)
    {
        if (_open.Count < 4 && random.Next(3) == 0)
        {
            _open.Add(await OpenTransaction.BeginAsync(postgres));
        }
        if (_open.Count == 0)
        {
            return;
        }
        var transaction = _open[random.Next(_open.Count)];
        if (random.Next(3) == 0)
        {
            await EndAsync(transaction, commit: random.Next(8) > 0);
        }
        else
        {
            await ChangeAsync(transaction, random);
        }
    }

    public async Task TruncateAsync()
    {
        await EndAllAsync();
        var transaction = await OpenTransaction.BeginAsync(postgres);
        _open.Add(transaction);
        var lsn = await transaction.LsnAsync();
        await transaction.Connection.ExecuteAsync("TRUNCATE bets");
        transaction.Add(null, "t", null, null, lsn);
        await EndAsync(transaction, commit: true);
    }

    public async Task EndAllAsync()
    {
        foreach (var transaction in _open.ToList())
        {
            await EndAsync(transaction, commit: true);
        }
    }

    public async Task<SortedDictionary<string, long>> CountsAsync()
    {
        await using var connection = await postgres.OpenConnectionAsync();
        var rows = await connection.QueryAsync<(string Status, long Bets)>("SELECT status, count(*) FROM bets GROUP BY 1");
        var counts = new SortedDictionary<string, long>(
            Contracts.BetStatus.All.ToDictionary(status => status, _ => 0L),
            StringComparer.Ordinal
        );
        foreach (var (status, bets) in rows)
        {
            counts[status] = bets;
        }
        return counts;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var transaction in _open)
        {
            await transaction.DisposeAsync();
        }
        await postgres.DisposeAsync();
    }

    async Task ChangeAsync(OpenTransaction transaction, Random random)
    {
        // Few ids, so that bets are changed, deleted and placed again; each bet belongs to one transaction at a time.
        var id = random.Next(1, 40);
        if (_open.Any(other => other != transaction && other.Touched.Contains(id)))
        {
            return;
        }
        transaction.Touched.Add(id);
        var lsn = await transaction.LsnAsync();
        var status = Statuses[random.Next(Statuses.Length)];
        var old = await transaction.Connection.ExecuteScalarAsync<string?>("SELECT status FROM bets WHERE id = @id", new { id });
        if (old is null)
        {
            await transaction.Connection.ExecuteAsync(
                "INSERT INTO bets VALUES (@id, 1, 1, @status, 10.00, NULL, '2026-11-01T00:00:00Z', NULL)",
                new { id, status }
            );
            transaction.Add(id, "c", null, status, lsn);
        }
        else if (random.Next(4) == 0)
        {
            await transaction.Connection.ExecuteAsync("DELETE FROM bets WHERE id = @id", new { id });
            transaction.Add(id, "d", old, null, lsn);
        }
        else
        {
            await transaction.Connection.ExecuteAsync("UPDATE bets SET status = @status WHERE id = @id", new { id, status });
            transaction.Add(id, "u", old, status, lsn);
        }
    }

    async Task EndAsync(OpenTransaction transaction, bool commit)
    {
        _open.Remove(transaction);
        if (commit)
        {
            await transaction.Transaction.CommitAsync();
            var commitLsn = await transaction.LsnAsync();
            foreach (var change in transaction.Changes)
            {
                Append(change, transaction.Id, commitLsn);
            }
        }
        await transaction.DisposeAsync();
    }

    void Append(Change change, uint transactionId, long commitLsn)
    {
        // A truncate stands in one partition, whichever; a bet's changes in the one of its key.
        var partition = (int)((change.Id ?? 0) % partitions);
        Log[partition]
            .Add(
                new StreamRecord(
                    "betting.public.bets",
                    partition,
                    Log[partition].Count,
                    1_800_000_000_000,
                    change.Id is { } id ? Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"id\":{id}}}")) : null,
                    Envelope.Of(change, transactionId, commitLsn, ++_order),
                    []
                )
            );
    }
}
