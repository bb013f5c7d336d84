using System.Data;
using Betting.Ingest.Batches;
using Betting.Ingest.Decide;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Ingest.Store;

/// <summary>
/// Parked commands get their outcome apart from a batch: parts of a release that was too large for the transaction that
/// opened it, and what is due.
/// </summary>
public sealed class ReleaseTransaction(NpgsqlDataSource postgres, IOptions<IngestOptions> options, IngestMetrics metrics, TimeProvider clock)
{
    // As for a batch: an id that is taken this often is no coincidence, but the data.
    const int MostTimesTaken = 20;

    readonly Limits _limits = options.Value.ToLimits();
    readonly TimeSpan _parkFor = options.Value.ParkFor;
    readonly int _most = options.Value.ReleaseSize;
    volatile TaskCompletionSource _opened = New();

    /// <summary>Ends when this replica has opened a release since the last call.</summary>
    public Task OpenedAsync() => _opened.Task;

    internal void Opened() => _opened.TrySetResult();

    /// <summary>
    /// Releases until nothing is open, this replica and others by turns. A part that the database refuses is halved until the
    /// culprit is alone; it alone is rejected.
    /// </summary>
    /// <returns>How many commands have their final outcome now.</returns>
    public async Task<int> FinishAsync(CancellationToken cancellation)
    {
        _opened = New();
        var (released, most, refused, taken) = (0, _most, false, 0);
        while (true)
        {
            try
            {
                if (await PartAsync(most, refused, cancellation) is not { } part)
                {
                    return released;
                }
                released += part;
                (most, refused, taken) = (Math.Min(most * 2, _most), false, 0);
            }
            catch (Exception failure) when (Failure.ClassOf(failure) == FailureClass.Taken && ++taken < MostTimesTaken)
            {
                metrics.Retry("parked", Failure.StateOf(failure));
            }
            catch (Exception failure) when (Failure.ClassOf(failure) is FailureClass.Taken or FailureClass.Data)
            {
                if (refused)
                {
                    throw new ReleaseStuckException(failure);
                }
                metrics.Retry("parked", Failure.StateOf(failure));
                (most, refused) = (Math.Max(most / 2, 1), most == 1);
            }
        }
    }

    /// <summary>Opens the release of what other writers than Ingest have brought.</summary>
    public async Task OpenAsync(IReadOnlyCollection<WaitKey> arrived, CancellationToken cancellation)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        await DecidedTransaction.RunAsync(transaction, ParkingGate.PassAndCommit([], [], arrived, null, releasing: false), cancellation);
    }

    /// <summary>Rejects those of <paramref name="parkedIds"/> whose deadline has come; what has come itself meanwhile is left to its release.</summary>
    /// <returns>How many have their final outcome now.</returns>
    public async Task<int> RejectDueAsync(IReadOnlyCollection<Guid> parkedIds, CancellationToken cancellation)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        var parked = await LoadAsync(transaction, parkedIds, [], cancellation);
        var state = await DecidedTransaction.LoadAsync(transaction, [], parked, cancellation);
        var decision = new BatchDecision(state, [.. parked.Where(waiting => !state.Has(waiting.Wait))], _limits, _parkFor, Now()).Run([]);
        await DecidedTransaction.SaveAsync(transaction, state, decision, [], cancellation);
        await DecidedTransaction.RunAsync(transaction, BatchStatements.Commit(decision), cancellation);
        metrics.Released(decision.Released);
        return decision.Released.Count;
    }

    // Null where nothing is open.
    async Task<int?> PartAsync(int most, bool refused, CancellationToken cancellation)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        if (!await AnyAsync(connection, cancellation))
        {
            return null;
        }
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        if (await LastAsync(transaction, cancellation) is not { } open)
        {
            return 0;
        }
        var part = ReleasePart.Of(await NextAsync(transaction, open.Key, most, cancellation), most);
        var parked = await LoadAsync(transaction, part.Ids, part.Bets, cancellation);
        var state = await DecidedTransaction.LoadAsync(transaction, [], parked, cancellation);
        HashSet<WaitKey> later = part.Later is { } bet ? [bet] : [];
        // What was open has come; where another writer took it away again, its commands wait on.
        var there = parked.Count == 0 || state.Has(open.Key);
        var decision = new BatchDecision(state, there ? parked : [], _limits, _parkFor, open.CameAt ?? Now(), later).Release(open.Key, open.CameAt, refused);
        await DecidedTransaction.SaveAsync(transaction, state, decision, [], cancellation);
        if (part.IsLast || !there)
        {
            await DecidedTransaction.RunAsync(transaction, [OpenReleases.End(open.Key)], cancellation);
        }
        await DecidedTransaction.RunAsync(transaction, BatchStatements.Commit(decision, open.CameAt, releasing: true), cancellation);
        metrics.Released(decision.Released);
        return decision.Released.Count;
    }

    static async Task<bool> AnyAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { OpenReleases.Any() } };
        return (bool)(await batch.ExecuteScalarAsync(cancellation))!;
    }

    static async Task<OpenRelease?> LastAsync(NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        await using var batch = BatchStatements.Together(transaction, OpenReleases.LockLast());
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        return await OpenReleases.ReadLastAsync(rows, cancellation);
    }

    static async Task<List<NextParked>> NextAsync(NpgsqlTransaction transaction, WaitKey key, int most, CancellationToken cancellation)
    {
        await using var batch = BatchStatements.Together(transaction, [ParkedCommands.Next(key, most)]);
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        return await ParkedCommands.ReadNextAsync(rows, cancellation);
    }

    static async Task<List<ParkedCommand>> LoadAsync(
        NpgsqlTransaction transaction, IReadOnlyCollection<Guid> ids, IReadOnlyCollection<long> bets, CancellationToken cancellation)
    {
        await using var batch = BatchStatements.Together(transaction, [ParkedCommands.Load(ids, bets)]);
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        return await ParkedCommands.ReadAsync(rows, cancellation);
    }

    DateTime Now() => clock.GetUtcNow().UtcDateTime;

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
