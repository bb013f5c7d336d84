using Betting.Connections;
using Betting.Contracts.Commands;
using Betting.Ingest.Claim;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Ingest.Messages;
using Betting.Ingest.Parking;
using Betting.Ingest.Parking.Tables;
using Betting.Ingest.Persist;
using Betting.Ingest.Postgres;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Ingest;

/// <summary>
/// One batch, one transaction: load → decide → save. Whatever is thrown, nothing has happened, except where the commit's
/// answer was lost; then the journal knows, and trying again is safe in every case.
/// </summary>
public sealed class BatchTransaction(
    PostgresSource postgres,
    DurableTransactions transactions,
    IOptions<IngestOptions> options,
    CheckedClock postgresClock,
    IngestMetrics metrics,
    TimeProvider clock
)
{
    readonly Limits _limits = options.Value.ToLimits();
    readonly TimeSpan _parkFor = options.Value.ParkFor;
    readonly int _mostReleased = options.Value.ReleaseSize;

    /// <summary>Commands in one transaction at most.</summary>
    public int BatchSize => options.Value.BatchSize;

    /// <summary>What has its outcome apart from a batch.</summary>
    public ReleaseTransaction Releases { get; } = new(postgres, transactions, options, postgresClock, metrics);

    /// <summary>Whether PostgreSQL takes transactions at all.</summary>
    public ProbeTransaction Probe { get; } = new(postgres);

    /// <summary>
    /// Begins the transaction and takes the ids of the commands in the journal. It reads nothing else, so it may be done
    /// before the batch whose effects these commands must see is committed.
    /// </summary>
    /// <param name="commands">Commands in their order, duplicates among them allowed.</param>
    /// <param name="cancellation">Ends the transaction without effect.</param>
    public async Task<ClaimedBatch> TakeAsync(IReadOnlyList<HashedCommand> commands, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        var firsts = FirstById(commands);
        var durable = await transactions.BeginAsync(cancellation);
        try
        {
            var taken = new ClaimedBatch(durable, commands, firsts, await FreshAsync(durable.Transaction, firsts, cancellation));
            metrics.Took(IngestMetrics.Take, started);
            return taken;
        }
        catch
        {
            await durable.DisposeAsync();
            throw;
        }
    }

    /// <summary>Decides the batch and commits it.</summary>
    /// <param name="taken">The batch.</param>
    /// <param name="cancellation">Ends the transaction without effect, or the wait for a commit that has begun and goes on.</param>
    /// <param name="releasesLater">The only command's transaction releases nothing that waits for it; others do.</param>
    /// <param name="server">The identity of the server that has what came before these commands; null where any may be.</param>
    /// <returns>One outcome for each command, in the same order.</returns>
    /// <exception cref="OtherServerException">It is another one, or was started anew.</exception>
    /// <exception cref="ReleaseFirstException">Something is being released.</exception>
    /// <exception cref="ReleaseTooLargeException">More waits for what several commands bring than one transaction releases.</exception>
    /// <exception cref="PostgresClockException">PostgreSQL's clock is doubted.</exception>
    /// <exception cref="CommitNotKnownException">The commit may not be durable.</exception>
    public async Task<Outcome[]> ApplyAsync(
        ClaimedBatch taken,
        CancellationToken cancellation,
        bool releasesLater = false,
        string? server = null
    )
    {
        var started = clock.GetTimestamp();
        var (before, (parked, unreadable)) = await BeforeAsync(taken, cancellation);
        HashSet<WaitKey> later = [];
        if (releasesLater || parked.Count + unreadable.Count > _mostReleased)
        {
            if (taken.FirstById.Count > 1)
            {
                throw new ReleaseTooLargeException();
            }
            later.UnionWith(taken.FirstById.Values.Select(first => WaitKey.BroughtBy(first.Command)).OfType<WaitKey>());
            (parked, unreadable) = ([], []);
        }
        CheckClaimed(taken, before);
        BetCommand[] toDecide =
        [
            .. taken.FirstById.Values.Where(first => taken.NewIds.Contains(first.Command.Id)).Select(first => first.Command),
        ];
        var (state, now, answering) = await DecidedTransaction.LoadAsync(taken.Transaction, toDecide, parked, postgresClock, cancellation);
        if (server is not null && server != answering)
        {
            throw new OtherServerException();
        }
        started = metrics.Took(IngestMetrics.Load, started);
        var decision = new BatchDecision(state, parked, _limits, _parkFor, now, later).Run(toDecide);
        var answers = new BatchOutcomes(taken.Commands, taken.FirstById, before, decision);
        started = metrics.Took(IngestMetrics.Decide, started);
        await DecidedTransaction.SaveAsync(taken.Transaction, state, decision, answers.Conflicts, unreadable, cancellation);
        started = metrics.Took(IngestMetrics.Save, started);
        // A new id is a row of the journal. Without one, the transaction may have written nothing, and its duplicates are acknowledged too.
        await taken.Durable.CommitAsync(BatchStatements.Pass(decision, now), cancellation, hasWritten: taken.NewIds.Count > 0);
        metrics.Took(IngestMetrics.Commit, started);
        metrics.Released(decision.Released);
        if (decision.Opened.Count > 0)
        {
            Releases.Opened();
        }
        return answers.Outcomes;
    }

    /// <summary>Finishes what is being released, then takes, decides and commits.</summary>
    /// <param name="commands">Commands in their order, duplicates among them allowed.</param>
    /// <param name="cancellation">Ends the transaction without effect.</param>
    /// <param name="releasesLater">See the other one.</param>
    /// <param name="server">See the other one.</param>
    /// <returns>One outcome for each command, in the same order.</returns>
    public async Task<Outcome[]> ApplyAsync(
        IReadOnlyList<HashedCommand> commands,
        CancellationToken cancellation,
        bool releasesLater = false,
        string? server = null
    )
    {
        await postgresClock.AskAgainAsync(postgres, cancellation);
        await Releases.FinishAsync(cancellation);
        await using var taken = await TakeAsync(commands, cancellation);
        return await ApplyAsync(taken, cancellation, releasesLater, server);
    }

    // The first command of each id, in their order.
    static OrderedDictionary<Guid, HashedCommand> FirstById(IReadOnlyList<HashedCommand> commands)
    {
        var firsts = new OrderedDictionary<Guid, HashedCommand>(commands.Count);
        foreach (var hashed in commands)
        {
            firsts.TryAdd(hashed.Command.Id, hashed);
        }
        return firsts;
    }

    static async Task<HashSet<Guid>> FreshAsync(
        NpgsqlTransaction transaction,
        OrderedDictionary<Guid, HashedCommand> firsts,
        CancellationToken cancellation
    )
    {
        await using var batch = StatementBatch.Of(transaction, BatchStatements.Take(firsts.Values));
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var fresh = new HashSet<Guid>(firsts.Count);
        while (await rows.ReadAsync(cancellation))
        {
            fresh.Add(rows.GetGuid(0));
        }
        return fresh;
    }

    // The first contents of the ids that were there before, and the parked commands that these may release.
    async Task<(Dictionary<Guid, byte[]> Hashes, LoadedParked Parked)> BeforeAsync(ClaimedBatch taken, CancellationToken cancellation)
    {
        // One more than may be: it tells that there are more.
        await using var batch = StatementBatch.Of(
            taken.Transaction,
            BatchStatements.Before(taken.FirstById.Values, taken.NewIds, _mostReleased + 1)
        );
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        if (await rows.ReadAsync(cancellation) && rows.GetBoolean(0))
        {
            throw new ReleaseFirstException();
        }
        await rows.NextResultAsync(cancellation);
        var parked = await ParkedCommands.ReadAsync(rows, cancellation);
        var hashes = new Dictionary<Guid, byte[]>();
        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            hashes.Add(rows.GetGuid(0), rows.GetFieldValue<byte[]>(1));
        }
        return (hashes, parked);
    }

    // An id that was not claimed stands in the journal; else a trigger or a rule left its row out.
    static void CheckClaimed(ClaimedBatch taken, Dictionary<Guid, byte[]> before)
    {
        if (taken.FirstById.Keys.Count(id => !taken.NewIds.Contains(id) && !before.ContainsKey(id)) is > 0 and var lost)
        {
            throw new RowsNotSavedException("INSERT INTO commands", taken.NewIds.Count, taken.NewIds.Count + lost);
        }
    }
}
