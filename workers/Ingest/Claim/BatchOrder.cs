namespace Betting.Ingest.Claim;

/// <summary>
/// One batch's place in the order of a door. Two batches are in hand at a time: while one is decided and saved, the next is
/// decoded and takes its ids in the journal. It reads nothing that the one before may change until that one is committed.
/// </summary>
/// <remarks>
/// The one before may have to begin anew, and may then wait for an id that the next has taken; only this process knows that
/// they wait for each other. So when a batch stumbles, the next lets go of what it holds.
/// </remarks>
public sealed class BatchOrder
{
    readonly TaskCompletionSource _taken = New(),
        _stumbled = New(),
        _done = New();

    // Gone when this turn is over, or each would keep all those before it.
    BatchOrder? _before;

    BatchOrder(BatchOrder? before, string? server, CancellationToken abandoned) =>
        (_before, Abandoned, Server) = (before, abandoned, server);

    /// <summary>
    /// Cancelled when the batch belongs to another replica now: its statements are cancelled and its transaction is rolled back.
    /// </summary>
    public CancellationToken Abandoned { get; }

    /// <summary>The identity of the PostgreSQL that has what came before the batch; null where any may be.</summary>
    public string? Server { get; }

    /// <summary>The turn of a door's first batch, or of the first one after those before were abandoned.</summary>
    public static BatchOrder First(string? server = null, CancellationToken abandoned = default) => new(null, server, abandoned);

    /// <summary>Waits until the batch before has its ids; false where it will take them (again) later.</summary>
    public async Task<bool> WaitForPredecessorClaimAsync()
    {
        if (_before is not { } before)
        {
            return true;
        }
        await Task.WhenAny(before._taken.Task, before._stumbled.Task, before._done.Task);
        return !before._stumbled.Task.IsCompleted || before._done.Task.IsCompletedSuccessfully;
    }

    /// <summary>Waits until the batch before is committed, or has stumbled.</summary>
    /// <returns>Whether what was taken meanwhile may be kept.</returns>
    public async Task<bool> WaitForPredecessorCommitAsync()
    {
        if (_before is not { } before)
        {
            return true;
        }
        await Task.WhenAny(before._stumbled.Task, before._done.Task);
        return !before._stumbled.Task.IsCompleted;
    }

    /// <summary>Waits until the batch before is committed.</summary>
    /// <exception cref="OperationCanceledException">It was given up; this one must not overtake it.</exception>
    public Task WaitForTurnAsync() => _before?._done.Task ?? Task.CompletedTask;

    /// <summary>This batch has its ids.</summary>
    public void Claimed() => _taken.TrySetResult();

    /// <summary>This batch has let go of its ids and will take them again.</summary>
    public void Release() => _stumbled.TrySetResult();

    /// <summary>This batch is committed.</summary>
    public void Committed()
    {
        _done.TrySetResult();
        _before = null;
    }

    /// <summary>This batch is not going to be committed; does nothing where it is.</summary>
    public void Abandon()
    {
        _done.TrySetCanceled();
        _before = null;
    }

    /// <summary>The turn after this one.</summary>
    public BatchOrder Next(string? server = null) => new(this, server, Abandoned);

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
