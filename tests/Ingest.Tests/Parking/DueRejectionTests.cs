using System.Diagnostics;
using System.Globalization;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Parking;
using Betting.Ingest.Parking.Tables;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Parking;

/// <summary>Many parked commands: those that are due, and those that only wait.</summary>
public sealed class DueRejectionTests(Servers servers)
{
    static readonly IngestOptions AnyIssuedAt = new() { MaxIssuedAhead = TimeSpan.FromDays(365) };

    [Fact]
    public async Task Replicas_share_what_is_due_in_bounded_transactions_and_each_command_is_rejected_once()
    {
        var due = TestSize.Of(20_000, 600_000);
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await ParkAsync(database, due, "now()");
        await ParkAsync(database, 10, "now() + interval '1 hour'", from: due + 1);
        using var metrics = new IngestMetrics(TimeProvider.System);
        // While one replica stands still with a transaction's worth of them in its hands.
        await using var stuck = await database.Admin.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var held = await stuck.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (
            var hold = new Npgsql.NpgsqlCommand(
                $"SELECT FROM parked_commands ORDER BY deadline LIMIT {DueRejection.MostAtOnce} FOR UPDATE",
                stuck,
                held
            )
        )
        {
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var took = Stopwatch.StartNew();
        var replicas = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => database.RejectDueAsync())));
        took.Stop();
        await held.RollbackAsync(TestContext.Current.CancellationToken);

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{string.Join(" + ", replicas)} rejected in {took.Elapsed.TotalSeconds:F1} "
                + $"s, {replicas.Sum() / took.Elapsed.TotalSeconds:F0}/s"
        );
        Assert.Equal(due - DueRejection.MostAtOnce, replicas.Sum());
        Assert.Equal(DueRejection.MostAtOnce, await database.RejectDueAsync());
        Assert.Equal(
            DueRejection.MostAtOnce,
            await database.ScalarAsync<long>(
                "SELECT max(n) FROM (SELECT count(*) AS n FROM commands WHERE outcome = 'rejected' GROUP BY xmin) x"
            )
        );
        Assert.Equal(10, await database.ScalarAsync<long>("SELECT count(*) FROM parked_commands"));
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task What_has_come_is_not_rejected_at_its_deadline_but_found_and_released()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await database.ApplyAsync(Given.Deposit(1_00), Given.Deposit(1_00, 8));
        await database.ExecuteAsync("INSERT INTO users VALUES (7, 'Ada', now()); INSERT INTO wallets VALUES (7, 0)");
        await database.AdvanceAsync(TimeSpan.FromHours(1));

        Assert.Equal(1, await database.RejectDueAsync());
        var arrived = await new ArrivedKeys(database.Ingest).DueAsync(CancellationToken.None);
        Assert.Equal([new WaitKey(WaitFor.User, 7)], arrived);
        await database.Transaction.Releases.OpenAsync(arrived, CancellationToken.None);
        Assert.Equal(1, await database.Transaction.Releases.FinishAsync(CancellationToken.None));

        Assert.Equal(
            "accepted 7, rejected 8",
            await database.ScalarAsync<string>("SELECT string_agg(outcome || ' ' || user_id, ', ' ORDER BY user_id) FROM commands")
        );
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task A_rejection_that_the_database_refuses_is_quarantined_and_the_others_go_on()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await ParkAsync(database, 200, "now()");
        await database.ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'house rule'; END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON commands FOR EACH ROW WHEN (OLD.user_id = 77) EXECUTE FUNCTION refuse();
            """
        );

        Assert.Equal(199, await database.RejectDueAsync());

        Assert.Equal(
            77,
            await database.ScalarAsync<long>("SELECT waits_id FROM parked_commands WHERE quarantined_because LIKE '%house rule%'")
        );
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task Looks_for_what_has_come_find_each_of_many_keys_a_slice_at_a_time()
    {
        const int Waiting = (3 * ArrivedKeys.Slice) + 7;
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await ParkAsync(database, Waiting, "now() + interval '1 hour'");
        long[] come = [1, ArrivedKeys.Slice, ArrivedKeys.Slice + 1, Waiting - 1, Waiting];
        await database.ExecuteAsync(
            $"INSERT INTO wallets SELECT "
                + $"unnest(ARRAY[{string.Join(", ", come.Select(id => id.ToString(CultureInfo.InvariantCulture)))}]::bigint[]), 0"
        );
        var arrived = new ArrivedKeys(database.Ingest);

        var found = new HashSet<long>();
        for (var look = 0; look < 5; look++)
        {
            found.UnionWith((await arrived.NextAsync(CancellationToken.None)).Select(key => key.Id));
        }

        Assert.Equal(come, found.Order());
    }

    [Fact]
    public async Task A_pass_reads_no_more_of_the_table_however_many_commands_wait()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await ParkAsync(database, 20_000, "now() + interval '1 hour'");
        var few = await PassAsync(database);
        var waiting = TestSize.Of(200_000, 2_000_000);
        await ParkAsync(database, waiting - 20_000, "now() + interval '1 hour'", from: 20_001);
        var many = await PassAsync(database);

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"a pass: {few.Blocks} blocks, {few.Took.TotalMilliseconds:F0} ms with 20,000 that wait; {many.Blocks} blocks, "
                + $"{many.Took.TotalMilliseconds:F0} ms with {waiting}"
        );
        Assert.InRange(many.Blocks, 1, few.Blocks * 2);
    }

    [Fact]
    public async Task A_look_steps_through_the_index_also_in_a_table_that_was_never_analysed()
    {
        const int Waiting = 2_000;
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await database.ExecuteAsync("ALTER TABLE parked_commands SET (autovacuum_enabled = off)");
        await ParkAsync(database, Waiting, "now() + interval '1 hour'");
        await database.ExecuteAsync("SELECT pg_stat_force_next_flush()");
        var before = await database.ScalarAsync<long>(Blocks);

        Assert.Empty(await new ArrivedKeys(database.Ingest).NextAsync(CancellationToken.None));

        await using (var flush = database.Ingest.CreateCommand("SELECT pg_stat_force_next_flush()"))
        {
            await flush.ExecuteNonQueryAsync();
        }
        Assert.InRange(await database.ScalarAsync<long>(Blocks) - before, Waiting, Waiting * 10);
    }

    const string Blocks = """
        SELECT (heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))::bigint FROM pg_statio_user_tables
        WHERE relname = 'parked_commands'
        """;

    // Blocks of parked_commands and its indexes that one pass of the loop reads.
    static async Task<(long Blocks, TimeSpan Took)> PassAsync(Database database)
    {
        await database.ExecuteAsync("VACUUM ANALYZE parked_commands");
        await database.ExecuteAsync("SELECT pg_stat_force_next_flush()");
        var before = await database.ScalarAsync<long>(Blocks);
        var took = Stopwatch.StartNew();
        await new ArrivedKeys(database.Ingest).NextAsync(CancellationToken.None);
        await new ArrivedKeys(database.Ingest).DueAsync(CancellationToken.None);
        await database.RejectDueAsync();
        await ParkedTotals.ReadAsync(database.Ingest, CancellationToken.None);
        took.Stop();
        await using (var flush = database.Ingest.CreateCommand("SELECT pg_stat_force_next_flush()"))
        {
            await flush.ExecuteNonQueryAsync();
        }
        return (await database.ScalarAsync<long>(Blocks) - before, took.Elapsed);
    }

    // Deposits of users that are not there, each of its own.
    static Task ParkAsync(Database database, int count, string deadline, int from = 1) =>
        database.ExecuteAsync(
            $$"""
            INSERT INTO commands SELECT md5(n::text)::uuid, 'deposit', sha256(n::text::bytea), 'parked', 'unknown-user', NULL, n, NULL,
            now(), now()
                FROM generate_series({{from}}, {{from + count - 1}}) n;
            INSERT INTO parked_commands SELECT md5(n::text)::uuid, 'user', n, '{}', NULL, now(), now(), {{deadline}}
            FROM generate_series({{from}}, {{from + count - 1}}) n;
            """
        );
}
