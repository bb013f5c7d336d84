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

    /// <param name="commands">Commands in their order, duplicates among them allowed.</param>
    /// <param name="cancellation">Ends the transaction without effect.</param>
    /// <returns>One outcome for each command, in the same order.</returns>
    public async Task<Outcome[]> ApplyAsync(IReadOnlyList<HashedCommand> commands, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        var firsts = Firsts(commands);
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        var (fresh, parked) = await TakeAsync(transaction, firsts, cancellation);
        var before = fresh.Count == firsts.Count
            ? []
            : await Journal.HashesAsync(connection, firsts.Keys.Where(id => !fresh.Contains(id)), cancellation);
        BetCommand[] toDecide = [.. firsts.Values.Where(first => fresh.Contains(first.Command.Id)).Select(first => first.Command)];
        var (decision, state) = await LoadAsync(transaction, toDecide, parked, cancellation);
        started = metrics.Took(IngestMetrics.Load, started);
        decision.Run(toDecide);
        var answers = new Answers(commands, firsts, before, decision);
        started = metrics.Took(IngestMetrics.Decide, started);
        await SaveAsync(transaction, state, decision, answers.Conflicts, cancellation);
        started = metrics.Took(IngestMetrics.Save, started);
        await CommitAsync(transaction, decision, cancellation);
        metrics.Took(IngestMetrics.Commit, started);
        metrics.Released(decision.Released);
        return answers.Outcomes;
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

    static async Task<(HashSet<Guid> Fresh, List<ParkedCommand> Parked)> TakeAsync(
        NpgsqlTransaction transaction, OrderedDictionary<Guid, HashedCommand> firsts, CancellationToken cancellation)
    {
        await using var batch = BatchStatements.Together(transaction, BatchStatements.Take(firsts.Values));
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var fresh = new HashSet<Guid>(firsts.Count);
        while (await rows.ReadAsync(cancellation))
        {
            fresh.Add(rows.GetGuid(0));
        }
        await rows.NextResultAsync(cancellation);
        return (fresh, await ParkedCommands.ReadAsync(rows, cancellation));
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
