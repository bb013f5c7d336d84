using Betting.Ingest.Decide;
using Betting.Ingest.Parking.Tables;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Store;
using Npgsql;

namespace Betting.Tests.Ingest.Schema;

/// <summary>
/// Plans are made once a connection, mostly while nothing is parked. A look-up by what commands wait for never reads the index on
/// deadlines, which has all parked commands: with many of them, every transaction would pay for it while it holds the gate.
/// </summary>
public sealed class ParkedLookUpTests(Servers servers)
{
    const string Parked = """
        INSERT INTO parked_commands SELECT lpad(to_hex(n), 32, '0')::uuid, 'event', 1 + n % 200, '{}', NULL, now(), now(), now()
            FROM generate_series(1, 5000) n
        """;

    const string Scans = "SELECT pg_stat_get_xact_numscans('parked_commands_by_deadline'::regclass)";

    static readonly WaitKey[] Keys = [.. Enumerable.Range(1_000, 50).Select(id => new WaitKey(WaitFor.Bet, id))];

    static readonly string[] Names = ["gate", "waiting for any of these", "next of one", "of these bets"];

    public static MatrixTheoryData<string, bool> Cases => new(Names, [false, true]);

    [Theory, MemberData(nameof(Cases))]
    public async Task A_plan_that_was_made_while_nothing_was_parked_reads_no_index_on_deadlines(string name, bool isAnalyzed)
    {
        await using var database = await Database.CreateAsync(servers);
        if (isAnalyzed)
        {
            await using var analyze = database.Admin.CreateCommand("VACUUM ANALYZE parked_commands");
            await analyze.ExecuteNonQueryAsync();
        }
        await using var connection = await database.Admin.OpenConnectionAsync();
        await using (var settings = new NpgsqlCommand("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off", connection))
        {
            await settings.ExecuteNonQueryAsync();
        }
        for (var call = 0; call < 3; call++)
        {
            await RunAsync(connection, Statement(name));
        }
        await RunAsync(connection, new NpgsqlBatchCommand(Parked));

        await using var transaction = await connection.BeginTransactionAsync();
        await RunAsync(connection, Statement(name));
        await using var scans = new NpgsqlCommand(Scans, connection);
        Assert.Equal(0L, await scans.ExecuteScalarAsync());
    }

    static NpgsqlBatchCommand Statement(string name) =>
        name switch
        {
            "gate" => ParkingGate.Pass(Keys, [], [], null, releasing: false)[0],
            "waiting for any of these" => ParkedCommands.Load(Keys, 100),
            "next of one" => ParkedCommands.Next(Keys[0], 100),
            _ => ParkedCommands.Load([Guid.Empty], [1, 2, 3]),
        };

    static async Task RunAsync(NpgsqlConnection connection, NpgsqlBatchCommand statement)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(statement);
        if (statement.Parameters.Count > 0)
        {
            await batch.PrepareAsync();
        }
        await batch.ExecuteNonQueryAsync();
    }
}
