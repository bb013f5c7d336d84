using System.Data;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Ingest.Store;

/// <summary>
/// One batch, one transaction: load → decide → save. Whatever is thrown, nothing has happened, except where the commit's
/// answer was lost; then the journal knows, and trying again is safe in every case.
/// </summary>
public sealed class BatchTransaction(NpgsqlDataSource postgres, IOptions<IngestOptions> options, IngestMetrics metrics, TimeProvider clock)
{
    readonly Limits _limits = options.Value.ToLimits();
    readonly TimeSpan _parkFor = options.Value.ParkFor;

    /// <summary>
    /// Begins the transaction and takes the ids of the commands in the journal. It reads nothing else, so it may be done
    /// before the batch whose effects these commands must see is committed.
    /// </summary>
    /// <param name="commands">Commands in their order, duplicates among them allowed.</param>
    /// <param name="cancellation">Ends the transaction without effect.</param>
    public async Task<TakenBatch> TakeAsync(IReadOnlyList<HashedCommand> commands, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        var firsts = Firsts(commands);
        var connection = await postgres.OpenConnectionAsync(cancellation);
        try
        {
            var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
            var taken = new TakenBatch(connection, transaction, commands, firsts, await FreshAsync(transaction, firsts, cancellation));
            metrics.Took(IngestMetrics.Take, started);
            return taken;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Decides the batch and commits it.</summary>
    /// <returns>One outcome for each command, in the same order.</returns>
    public async Task<Outcome[]> ApplyAsync(TakenBatch taken, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        var (before, parked) = await BeforeAsync(taken, cancellation);
        BetCommand[] toDecide = [.. taken.Firsts.Values.Where(first => taken.Fresh.Contains(first.Command.Id)).Select(first => first.Command)];
        var (decision, state) = await LoadAsync(taken.Transaction, toDecide, parked, cancellation);
        started = metrics.Took(IngestMetrics.Load, started);
        decision.Run(toDecide);
        var answers = new Answers(taken.Commands, taken.Firsts, before, decision);
        started = metrics.Took(IngestMetrics.Decide, started);
        await SaveAsync(taken.Transaction, state, decision, answers.Conflicts, cancellation);
        started = metrics.Took(IngestMetrics.Save, started);
        await CommitAsync(taken.Transaction, decision, cancellation);
        metrics.Took(IngestMetrics.Commit, started);
        metrics.Released(decision.Released);
        return answers.Outcomes;
    }

    /// <summary>Takes, decides and commits.</summary>
    /// <param name="commands">Commands in their order, duplicates among them allowed.</param>
    /// <param name="cancellation">Ends the transaction without effect.</param>
    /// <returns>One outcome for each command, in the same order.</returns>
    public async Task<Outcome[]> ApplyAsync(IReadOnlyList<HashedCommand> commands, CancellationToken cancellation)
    {
        await using var taken = await TakeAsync(commands, cancellation);
        return await ApplyAsync(taken, cancellation);
    }

    /// <summary>Decides parked commands again, whose wait may be over or whose deadline has come.</summary>
    /// <returns>How many have their final outcome now.</returns>
    public async Task<int> ReleaseAsync(IReadOnlyCollection<Guid> parkedIds, CancellationToken cancellation)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        var parked = await LoadParkedAsync(transaction, parkedIds, cancellation);
        var (decision, state) = await LoadAsync(transaction, [], parked, cancellation);
        decision.Run([]);
        await SaveAsync(transaction, state, decision, [], cancellation);
        await CommitAsync(transaction, decision, cancellation);
        metrics.Released(decision.Released);
        return decision.Released.Count;
    }

    // The first command of each id, in their order.
    static OrderedDictionary<Guid, HashedCommand> Firsts(IReadOnlyList<HashedCommand> commands)
    {
        var firsts = new OrderedDictionary<Guid, HashedCommand>(commands.Count);
        foreach (var hashed in commands)
        {
            firsts.TryAdd(hashed.Command.Id, hashed);
        }
        return firsts;
    }

    static async Task<HashSet<Guid>> FreshAsync(
        NpgsqlTransaction transaction, OrderedDictionary<Guid, HashedCommand> firsts, CancellationToken cancellation)
    {
        await using var batch = BatchStatements.Together(transaction, BatchStatements.Take(firsts.Values));
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var fresh = new HashSet<Guid>(firsts.Count);
        while (await rows.ReadAsync(cancellation))
        {
            fresh.Add(rows.GetGuid(0));
        }
        return fresh;
    }

    // The first contents of the ids that were there before, and the parked commands that these may release.
    static async Task<(Dictionary<Guid, byte[]> Hashes, List<ParkedCommand> Parked)> BeforeAsync(TakenBatch taken, CancellationToken cancellation)
    {
        await using var batch = BatchStatements.Together(taken.Transaction, BatchStatements.Before(taken.Firsts.Values, taken.Fresh));
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var parked = await ParkedCommands.ReadAsync(rows, cancellation);
        var hashes = new Dictionary<Guid, byte[]>();
        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            hashes.Add(rows.GetGuid(0), rows.GetFieldValue<byte[]>(1));
        }
        return (hashes, parked);
    }

    static async Task<List<ParkedCommand>> LoadParkedAsync(NpgsqlTransaction transaction, IReadOnlyCollection<Guid> ids, CancellationToken cancellation)
    {
        await using var batch = BatchStatements.Together(transaction, [ParkedCommands.Load([], ids)]);
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        return await ParkedCommands.ReadAsync(rows, cancellation);
    }

    async Task<(BatchDecision Decision, State State)> LoadAsync(
        NpgsqlTransaction transaction, IReadOnlyList<BetCommand> commands, List<ParkedCommand> parked, CancellationToken cancellation)
    {
        var touched = new Touched();
        foreach (var command in commands)
        {
            touched.Add(command);
        }
        foreach (var waiting in parked)
        {
            touched.Add(waiting.Command);
            touched.Add(waiting.Wait);
        }
        var state = await StateLoader.LoadAsync(transaction, touched, cancellation);
        return (new BatchDecision(state, parked, _limits, _parkFor, clock.GetUtcNow().UtcDateTime), state);
    }

    static async Task CommitAsync(NpgsqlTransaction transaction, BatchDecision decision, CancellationToken cancellation)
    {
        await using var batch = BatchStatements.Together(transaction, BatchStatements.Commit(decision));
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    static async Task SaveAsync(
        NpgsqlTransaction transaction, State state, BatchDecision decision, IReadOnlyCollection<(HashedCommand, byte[])> conflicts, CancellationToken cancellation)
    {
        var statements = BatchStatements.Save(state, decision, conflicts);
        if (statements.Count > 0)
        {
            await using var batch = BatchStatements.Together(transaction, statements);
            await batch.ExecuteNonQueryAsync(cancellation);
        }
    }
}
