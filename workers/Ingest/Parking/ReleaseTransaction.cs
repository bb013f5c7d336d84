using Betting.Connections;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Ingest.Parking.Tables;
using Betting.Ingest.Persist;
using Betting.Ingest.Postgres;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Ingest.Parking;

/// <summary>
/// Parked commands get their outcome apart from a batch: parts of a release that was too large for the transaction that
/// opened it, and of what another writer has brought.
/// </summary>
public sealed class ReleaseTransaction(
    PostgresSource postgres,
    DurableTransactions transactions,
    IOptions<IngestOptions> options,
    CheckedClock postgresClock,
    IngestMetrics metrics
)
{
    readonly Limits _limits = options.Value.ToLimits();
    readonly TimeSpan _parkFor = options.Value.ParkFor;
    readonly SizeLimit _limit = new(options.Value.ReleaseSize);
    readonly ProbeTransaction _probe = new(postgres);
    volatile TaskCompletionSource _opened = New();
    object? _suspected;
    int _refusedInARow;

    /// <summary>Ends when this replica has opened a release since the last call.</summary>
    public Task OpenedAsync() => _opened.Task;

    internal void Opened() => _opened.TrySetResult();

    /// <summary>
    /// Releases until nothing is open, this replica and others by turns. A part that the database refuses, or that is too much for
    /// it, is halved. A command that is refused alone is rejected; one whose rejection is refused as well is quarantined.
    /// </summary>
    /// <param name="cancellation">Ends the part that is being released without effect.</param>
    /// <param name="progressed">Called after each part.</param>
    /// <returns>How many commands have their final outcome now.</returns>
    /// <exception cref="ServerRefusesException">PostgreSQL refuses the release because of its own state: nothing is rejected.</exception>
    public async Task<int> FinishAsync(CancellationToken cancellation, Action? progressed = null)
    {
        _opened = New();
        var (released, refused, attempt) = (0, default(Guid?), 0);
        while (true)
        {
            // The limit is shared with this replica's other callers; a refusal is about one command.
            var most = refused is null ? _limit.Size : 1;
            var tried = new List<Guid>();
            attempt++;
            try
            {
                if (await PartAsync(most, refused, tried, cancellation) is not { } part)
                {
                    return released;
                }
                released += part;
                _limit.Passed(most);
                (refused, attempt) = (null, 0);
                progressed?.Invoke();
            }
            catch (Exception failure) when (!cancellation.IsCancellationRequested && CanGoOn(failure, most))
            {
                metrics.Retry("parked", failure);
                if (AttemptRules.After(Failure.ClassOf(failure), attempt, most > 1) == NextAttempt.Smaller)
                {
                    _limit.TooMuch(most);
                    refused = await RefusedAsync(tried, refused, failure, cancellation);
                }
            }
        }
    }

    // Contention and outages are for the caller, who waits before the next attempt.
    static bool CanGoOn(Exception failure, int most) =>
        Failure.ClassOf(failure) switch
        {
            FailureClass.Data or FailureClass.IdTaken => true,
            FailureClass.TooMuch or FailureClass.Unknown => most > 1,
            _ => false,
        };

    // The command that is refused alone, by its id: another replica may have come before, and the next one may be sound.
    async Task<Guid?> RefusedAsync(List<Guid> tried, Guid? before, Exception failure, CancellationToken cancellation)
    {
        if (tried is not [var alone] || Failure.ClassOf(failure) is not (FailureClass.Data or FailureClass.IdTaken))
        {
            return null;
        }
        // A rejection is final. It follows two refusals, each with a transaction after it that PostgreSQL took: else the state of the
        // server may be the cause.
        await _probe.RunAsync(cancellation);
        if (alone != before)
        {
            return !alone.Equals(Interlocked.Exchange(ref _suspected, alone)) ? null
                : Interlocked.Increment(ref _refusedInARow) <= RefusedInARow.Most ? alone
                : throw new ServerRefusesException($"more than {RefusedInARow.Most} parked commands in a row are refused", failure);
        }
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands = { ParkedCommands.Quarantine([new UnreadableParked(alone, Failure.LineOf(failure))]) },
        };
        try
        {
            await batch.ExecuteNonQueryAsync(cancellation);
        }
        catch (PostgresException refused) when (Failure.ClassOf(refused) is FailureClass.Data or FailureClass.IdTaken)
        {
            // Not the fault of the commands of the batch that this goes with.
            throw new ServerRefusesException("the quarantine of a parked command is refused", refused);
        }
        return null;
    }

    /// <summary>Opens the release of what other writers than Ingest have brought.</summary>
    public async Task OpenAsync(IReadOnlyCollection<WaitKey> arrived, CancellationToken cancellation)
    {
        await using var durable = await transactions.BeginAsync(cancellation);
        await durable.CommitAsync(ParkingGate.Pass([], [], arrived, null, releasing: false), cancellation);
    }

    // Null where nothing is open.
    async Task<int?> PartAsync(int most, Guid? refused, List<Guid> tried, CancellationToken cancellation)
    {
        if (!await AnyAsync(cancellation))
        {
            return null;
        }
        await using var durable = await transactions.BeginAsync(cancellation);
        var transaction = durable.Transaction;
        if (await LastAsync(transaction, cancellation) is not { } open)
        {
            return 0;
        }
        var part = ReleasePart.Of(await NextAsync(transaction, open.Key, most, cancellation), most);
        tried.AddRange(part.Ids);
        var (parked, unreadable) = await LoadAsync(transaction, part.Ids, part.Bets, cancellation);
        var (state, now, _) = await DecidedTransaction.LoadAsync(transaction, [], parked, postgresClock, cancellation);
        HashSet<WaitKey> later = part.Later is { } bet ? [bet] : [];
        // What was open has come; where another writer took it away again, its commands wait on.
        var there = parked.Count == 0 || state.Has(open.Key);
        var decision = new BatchDecision(state, there ? parked : [], _limits, _parkFor, open.CameAt ?? now, later).Release(
            open.Key,
            open.CameAt,
            refused is not null && part.Ids is [var alone] && alone == refused
        );
        await DecidedTransaction.SaveAsync(transaction, state, decision, [], unreadable, cancellation);
        if (part.IsLast || !there)
        {
            await DecidedTransaction.RunAsync(transaction, [OpenReleases.End(open.Key)], cancellation);
        }
        await durable.CommitAsync(BatchStatements.Pass(decision, open.CameAt, releasing: true), cancellation);
        if (decision.Released.Exists(each => each.Outcome.Kind == OutcomeKind.Accepted))
        {
            Interlocked.Exchange(ref _refusedInARow, 0);
        }
        metrics.Released(decision.Released);
        return decision.Released.Count;
    }

    async Task<bool> AnyAsync(CancellationToken cancellation)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { OpenReleases.Any() } };
        return (bool)(await batch.ExecuteScalarAsync(cancellation))!;
    }

    static async Task<OpenRelease?> LastAsync(NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        await using var batch = StatementBatch.Of(transaction, OpenReleases.LockLast());
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        return await OpenReleases.ReadLastAsync(rows, cancellation);
    }

    static async Task<List<NextParked>> NextAsync(NpgsqlTransaction transaction, WaitKey key, int most, CancellationToken cancellation)
    {
        await using var batch = StatementBatch.Of(transaction, [ParkedCommands.Next(key, most)]);
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        return await ParkedCommands.ReadNextAsync(rows, cancellation);
    }

    static async Task<LoadedParked> LoadAsync(
        NpgsqlTransaction transaction,
        IReadOnlyCollection<Guid> ids,
        IReadOnlyCollection<long> bets,
        CancellationToken cancellation
    )
    {
        await using var batch = StatementBatch.Of(transaction, [ParkedCommands.Load(ids, bets)]);
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        return await ParkedCommands.ReadAsync(rows, cancellation);
    }

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
