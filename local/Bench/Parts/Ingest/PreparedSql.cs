using System.Data;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Load;
using Betting.Ingest.Messages;
using Betting.Ingest.Persist;
using Betting.Ingest.Postgres;
using Npgsql;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>
/// The limit: the worker's own statements on arrays made beforehand. Same texts, same batch size, same connection settings,
/// same durability; no broker, no decoding, no decisions while the clock runs. Or all that with one thing varied.
/// </summary>
sealed class PreparedSql
{
    readonly IngestOptions _options = new();
    readonly Variation _variation;
    readonly TimeProvider _clock;
    readonly Dictionary<long, Money> _balances = [];

    PreparedSql(Variation variation, TimeProvider clock) => (_variation, _clock) = (variation, clock);

    public static async Task<double> RateAsync(
        BenchDatabase database,
        Workload workload,
        Variation variation,
        TimeProvider clock,
        CancellationToken cancellation
    )
    {
        var sql = new PreparedSql(variation, clock);
        var (warmUp, measured) = (sql.Prepare(workload.WarmUp), sql.Prepare(workload.Measured));
        await using var postgres = await ConnectAsync(database, variation, cancellation);
        await ApplyAsync(postgres, warmUp, cancellation);
        var started = clock.GetTimestamp();
        await ApplyAsync(postgres, measured, cancellation);
        var seconds = clock.GetElapsedTime(started).TotalSeconds;
        await Journal.CheckAsync(database, workload);
        return workload.Measured.Count / seconds;
    }

    static async Task<NpgsqlDataSource> ConnectAsync(BenchDatabase database, Variation variation, CancellationToken cancellation)
    {
        if (variation.Setup is { } sql)
        {
            await using var setup = database.Admin.CreateCommand(sql);
            await setup.ExecuteNonQueryAsync(cancellation);
        }
        var settings = new NpgsqlConnectionStringBuilder(database.IngestConnection);
        IngestServices.PrepareAndIndex(settings);
        settings.Options = $"{settings.Options} {variation.Options}".TrimEnd();
        // A reset would drop temporary tables.
        settings.NoResetOnClose = variation.NoReset || variation.Rows == RowsBy.CopyIntoStaging;
        var source = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        if (variation.Rows == RowsBy.CopyIntoStaging)
        {
            source.UsePhysicalConnectionInitializer(Stage, connection => Task.Run(() => Stage(connection)));
        }
        return source.Build();
    }

    static void Stage(NpgsqlConnection connection)
    {
        using var staging = new NpgsqlCommand(CopiedRows.Staging, connection);
        staging.ExecuteNonQuery();
    }

    // As the worker does it: the ids of a batch are taken while the batch before is saved, the rest goes one after the other.
    static async Task ApplyAsync(NpgsqlDataSource postgres, List<RoundTrips> batches, CancellationToken cancellation)
    {
        var (before, taking) = (Task.CompletedTask, Task.CompletedTask);
        foreach (var batch in batches)
        {
            await taking;
            var (previous, taken) = (before, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            var running = Task.Run(() => ApplyAsync(postgres, batch, previous, taken, cancellation), cancellation);
            taking = Task.WhenAny(taken.Task, running);
            await before;
            before = running;
        }
        await before;
    }

    static async Task ApplyAsync(
        NpgsqlDataSource postgres,
        RoundTrips batch,
        Task before,
        TaskCompletionSource taken,
        CancellationToken cancellation
    )
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        await RunAsync(transaction, batch.Take, cancellation);
        taken.SetResult();
        await before;
        await RunAsync(transaction, batch.Before, cancellation);
        await RunAsync(transaction, batch.Load, cancellation);
        await (batch.Copied?.CopyAsync(connection, cancellation) ?? Task.CompletedTask);
        foreach (var statements in batch.SaveAndCommit)
        {
            await RunAsync(transaction, statements, cancellation);
        }
    }

    static async Task RunAsync(NpgsqlTransaction transaction, IReadOnlyList<NpgsqlBatchCommand> statements, CancellationToken cancellation)
    {
        await using var batch = StatementBatch.Of(transaction, statements);
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        do
        {
            while (await rows.ReadAsync(cancellation)) { }
        } while (await rows.NextResultAsync(cancellation));
    }

    List<RoundTrips> Prepare(IReadOnlyList<PlaceBet> commands) => [.. commands.Chunk(_variation.BatchSize).Select(Prepare)];

    RoundTrips Prepare(PlaceBet[] commands)
    {
        var touched = new Touched();
        var state = new State();
        foreach (var command in commands)
        {
            touched.Add(command);
            state.Accounts.TryAdd(command.UserId, new Account { UserId = command.UserId, Balance = Balance(command.UserId) });
            state.Events.TryAdd(command.EventId, new BettingEvent { Id = command.EventId, Status = EventStatus.Live });
        }
        var decision = new BatchDecision(state, [], _options.ToLimits(), _options.ParkFor, _clock.GetUtcNow().UtcDateTime).Run(commands);
        foreach (var account in state.Accounts.Values)
        {
            _balances[account.UserId] = account.Balance;
        }
        HashedCommand[] firsts = [.. commands.Select(command => new HashedCommand(command))];
        var (copied, save, commit) = (Copied(state, decision), Saved(state, decision), BatchStatements.Commit(decision));
        if (copied is not null)
        {
            save = [.. save.Where(statement => !CopiedRows.Replaces(statement)), .. copied.Then];
        }
        return new RoundTrips(
            BatchStatements.Take(firsts),
            BatchStatements.Before(firsts, commands.Select(command => command.Id).ToHashSet(), _options.ReleaseSize + 1),
            BatchStatements.Load(touched),
            copied,
            _variation.SavesWithCommit
                ?
                [
                    [.. save, .. commit],
                ]
                : [save, commit]
        );
    }

    static IReadOnlyList<NpgsqlBatchCommand> Saved(State state, BatchDecision decision) =>
        [.. BatchStatements.Save(state, decision, []).Select(rows => rows.Statement)];

    CopiedRows? Copied(State state, BatchDecision decision) =>
        _variation.Rows == RowsBy.Unnest
            ? null
            : new CopiedRows(
                [.. state.Bets.Values.Where(bet => bet.PlacedAt is not null).OrderBy(bet => bet.Id)],
                [.. decision.Ledger.Entries],
                _variation.Rows
            );

    Money Balance(long user) => _balances.GetValueOrDefault(user, Money.FromDecimal(IngestStage.Balance));

    sealed record RoundTrips(
        IReadOnlyList<NpgsqlBatchCommand> Take,
        IReadOnlyList<NpgsqlBatchCommand> Before,
        IReadOnlyList<NpgsqlBatchCommand> Load,
        CopiedRows? Copied,
        IReadOnlyList<IReadOnlyList<NpgsqlBatchCommand>> SaveAndCommit
    );
}
