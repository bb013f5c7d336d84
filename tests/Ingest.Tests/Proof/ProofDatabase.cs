using Betting.Ingest;
using Betting.Ingest.Parking;
using Betting.Ingest.Postgres;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Tests.Ingest.Proof;

/// <summary>A database in which histories are run one after another, each among ids of its own.</summary>
sealed class ProofDatabase : IAsyncDisposable
{
    const int MostReplicas = 4;

    // Between what a transaction reads and what it writes there is time for others.
    const string Dawdling = """
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(random() * 0.003); RETURN NULL; END';
        CREATE TRIGGER dawdle BEFORE INSERT ON bets FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
        CREATE TRIGGER dawdle BEFORE INSERT ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
        CREATE TRIGGER dawdle BEFORE INSERT ON parked_commands FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
        CREATE TRIGGER dawdle BEFORE UPDATE ON events FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
        """;

    readonly IngestMetrics _metrics = new(TimeProvider.System);
    readonly NpgsqlDataSource[] _sources;
    readonly CommittedTransactions _committed;
    int _runs;

    ProofDatabase(string connectionString)
    {
        Admin = NpgsqlDataSource.Create(connectionString);
        _committed = new CommittedTransactions(Admin);
        // What is planted stands in front of the true tables.
        _sources =
        [
            .. Enumerable
                .Range(0, MostReplicas)
                .Select(replica =>
                    NpgsqlDataSource.Create(
                        new NpgsqlConnectionStringBuilder(connectionString)
                        {
                            Username = "ingest",
                            SearchPath = $"replica{replica},faulty,public",
                            MaxAutoPrepare = 64,
                            AutoPrepareMinUsages = 2,
                        }
                    )
                ),
        ];
    }

    public NpgsqlDataSource Admin { get; }

    /// <summary>How many releases took more than one transaction.</summary>
    public int ReleasesInParts => _committed.ReleasesInParts;

    /// <param name="servers">The shared engines.</param>
    /// <param name="planted">SQL that makes a bug; see <see cref="PlantedBug"/>.</param>
    public static async Task<ProofDatabase> CreateAsync(Servers servers, string planted = "")
    {
        var empty = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        await PostgresMigrator.MigrateAsync(
            empty,
            new Dictionary<string, string> { ["ingest"] = "ingest" },
            NullLogger.Instance,
            CancellationToken.None
        );
        var database = new ProofDatabase(empty);
        await using var plant = database.Admin.CreateCommand(Dawdling + planted);
        await plant.ExecuteNonQueryAsync();
        await database._committed.StartAsync();
        return database;
    }

    /// <summary>Runs a history and checks it.</summary>
    /// <exception cref="NotSerialException">No serial order explains what came of it.</exception>
    public async Task CheckAsync(History history)
    {
        var run = _runs++;
        var streams = history.Commands(run);
        var options = new IngestOptions
        {
            MaxIssuedAhead = TimeSpan.FromDays(365),
            ReleaseSize = history.ReleaseSize,
            ParkFor = history.Expires ? TimeSpan.FromMilliseconds(20) : TimeSpan.FromHours(1),
        };
        var clock = new CheckedClock(Options.Create(options), _metrics, TimeProvider.System);
        var replicas = _sources[..history.Replicas]
            .Select(source => new BatchTransaction(
                source,
                Store.Database.Of(source),
                Options.Create(options),
                clock,
                _metrics,
                TimeProvider.System
            ))
            .ToList();
        using var over = new CancellationTokenSource();
        var passes = history.Expires ? PassAsync(_sources[0], clock, over.Token) : Task.CompletedTask;
        using var concurrent = new ConcurrentRun(history, streams, replicas);
        var calls = await concurrent.RunAsync();
        await over.CancelAsync();
        await passes;
        // As the loop does that looks through the parked commands.
        await replicas[0].Releases.FinishAsync(CancellationToken.None);
        await LeaveAsync();
        var check = new SerialCheck(streams, calls, await _committed.ReadAsync(), history.Expires);
        var model = check.Run();
        var (from, to) = ((long)run * History.Ids, (long)(run + 1) * History.Ids);
        check.Same(
            "wallets",
            model.Balances.Select(row => $"{row.Key - from}: {row.Value}"),
            await RowsAsync(
                $"SELECT (user_id - {from}) || ': ' || (balance * 100)::bigint FROM wallets WHERE user_id BETWEEN {from} AND {to}"
            )
        );
        check.Same(
            "bets",
            model.Bets.Select(row => $"{row.Key - from}: user {row.Value.User - from} {row.Value.Stake} {row.Value.Status}"),
            await RowsAsync(
                $"SELECT (id - {from}) || ': user ' || (user_id - {from}) || ' ' || (amount * 100)::bigint || ' ' || "
                    + $"status FROM bets WHERE id BETWEEN {from} AND {to}"
            )
        );
        check.Same(
            "events",
            model.Events.Select(row => $"{row.Key - from}: {row.Value}"),
            await RowsAsync($"SELECT (id - {from}) || ': ' || status FROM events WHERE id BETWEEN {from} AND {to}")
        );
        check.Same(
            "names",
            model.Names.Select(row => $"{row.Key - from}: {row.Value}"),
            await RowsAsync($"SELECT (id - {from}) || ': ' || name FROM users WHERE id BETWEEN {from} AND {to}")
        );
    }

    public async ValueTask DisposeAsync()
    {
        await _committed.EndAsync();
        foreach (var source in _sources.Append(Admin))
        {
            await source.DisposeAsync();
        }
        _metrics.Dispose();
    }

    // As the loop does that looks through the parked commands, without pause.
    async Task PassAsync(NpgsqlDataSource replica, CheckedClock clock, CancellationToken over)
    {
        var due = new DueRejection(replica, Store.Database.Of(replica), clock, _metrics);
        while (!over.IsCancellationRequested)
        {
            await Store.Traffic.UntilCommittedAsync(() => due.RejectSomeAsync(CancellationToken.None));
        }
    }

    // What still waits is due in none of the histories that follow.
    async Task LeaveAsync()
    {
        await using var command = Admin.CreateCommand("UPDATE parked_commands SET deadline = 'infinity'");
        await command.ExecuteNonQueryAsync();
    }

    async Task<List<string>> RowsAsync(string sql)
    {
        await using var command = Admin.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync();
        var found = new List<string>();
        while (await rows.ReadAsync())
        {
            found.Add(rows.GetString(0));
        }
        return found;
    }
}
