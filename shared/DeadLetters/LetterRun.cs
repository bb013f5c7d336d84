using System.Buffers.Binary;
using System.Runtime.ExceptionServices;

namespace Betting.DeadLetters;

/// <summary>What a run over dead letters came to.</summary>
/// <param name="Letters">Letters that were meant, each counted once.</param>
/// <param name="Copies">Further copies of these.</param>
/// <param name="Ended">Letters among them that were sent back or dropped and are gone from the store.</param>
/// <param name="EndedCopies">Copies of these, which are gone too.</param>
/// <param name="Staying">Letters that stay because they cannot be sent back, or because the broker refuses them.</param>
public readonly record struct LetterTotals(long Letters, long Copies, long Ended, long EndedCopies, long Staying)
{
    /// <summary>Further letters that the filter matches and the limit leaves out.</summary>
    public long BeyondLimit { get; init; }
}

/// <summary>
/// One pass through a store: sends back or drops the letters that are meant. A letter is removed only after it was sent
/// durably; whatever is interrupted in between is sent again by the next run, which the journal makes harmless.
/// </summary>
/// <param name="store">Where the letters are.</param>
/// <param name="filter">Which are meant.</param>
/// <param name="limit">How many of them are shown or ended, at most.</param>
/// <param name="seen">Of the command's other stores too: a crash may leave one letter in two of them.</param>
public sealed class LetterRun(IDeadLetterStore store, LetterFilter filter, long limit, SeenLetters seen)
{
    // So many are on the way at once, or so many bytes of them.
    const int Chunk = 200;
    const long ChunkBytes = 32 << 20;

    // After an interruption, what is on the way gets so long for its answer, and what was sent so long to be marked.
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    readonly HashSet<LetterKey> _beyondLimit = [];
    LetterTotals _totals;

    /// <summary>The ids of letters that are meant and there, also beyond the limit.</summary>
    public HashSet<string> Found { get; } = [];

    /// <summary>What was done so far, also where the run ended with an exception.</summary>
    public LetterTotals Totals => _totals;

    /// <summary>Letters of the last chunk whose removal failed: some may be in the store still.</summary>
    public long Unmarked { get; private set; }

    // Letters that stay leave room for those behind them: the next run would meet them again.
    bool IsLimitReached => _totals.Letters - _totals.Staying >= limit;

    /// <summary>Told after each step how far the run is.</summary>
    public Action<LetterTotals>? Progress { get; init; }

    /// <summary>Told of each letter that stays, and why.</summary>
    public Action<StoredLetter, string>? Stays { get; init; }

    /// <summary>For the time that is left after an interruption.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Each letter that is meant, once.</summary>
    public async Task<LetterTotals> ReadAsync(Action<StoredLetter> show, CancellationToken cancellation)
    {
        await foreach (var letter in store.ReadAsync(cancellation))
        {
            if (filter.Matches(letter) && Take(letter) is { IsCopy: false })
            {
                show(letter);
            }
        }
        return _totals;
    }

    /// <summary>Counts what <see cref="EndAsync(LetterEnd, CancellationToken)"/> would do, unless the broker refuses letters.</summary>
    public async Task<LetterTotals> CountAsync(LetterEnd end, CancellationToken cancellation)
    {
        await foreach (var letter in store.ReadAsync(cancellation))
        {
            if (filter.Matches(letter) && Take(letter) is { } taken)
            {
                CannotEnd(taken, end);
            }
        }
        return _totals;
    }

    /// <summary>
    /// Ends each letter that is meant, copies too. A letter that the broker refuses stays, with its copies, and the others go on.
    /// </summary>
    /// <exception cref="Exception">
    /// The store or the broker could not be asked. What was sent before is removed, and <see cref="Totals"/> counts it.
    /// </exception>
    public async Task<LetterTotals> EndAsync(LetterEnd end, CancellationToken cancellation)
    {
        var (chunk, bytes) = (new List<TakenLetter>(Chunk), 0L);
        await store.LockAsync(cancellation);
        await foreach (var letter in store.ReadAsync(cancellation))
        {
            if (!filter.Matches(letter))
            {
                continue;
            }
            if (IsLimitReached && chunk.Exists(taken => !taken.IsCopy))
            {
                // The broker may refuse some of them, which leaves room for others.
                await EndAsync(chunk, end, cancellation);
                bytes = 0;
            }
            if (Take(letter) is not { } taken || CannotEnd(taken, end))
            {
                continue;
            }
            chunk.Add(taken);
            bytes += letter.Key.Length + letter.Body.Length;
            if (chunk.Count >= Chunk || bytes >= ChunkBytes)
            {
                await EndAsync(chunk, end, cancellation);
                bytes = 0;
            }
        }
        await EndAsync(chunk, end, cancellation);
        return _totals;
    }

    async Task EndAsync(List<TakenLetter> chunk, LetterEnd end, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        await store.LockAsync(cancellation);
        var firsts = chunk.Where(taken => !taken.IsCopy).ToList();
        var failure = end == LetterEnd.Replayed && firsts.Count > 0 ? await SendBackAsync(firsts, cancellation) : null;
        foreach (var dropped in end == LetterEnd.Dropped ? firsts : [])
        {
            seen.End(dropped.Key, true);
        }
        // Copies of a letter that stays stay with it.
        await RemoveAsync([.. chunk.Where(taken => seen.HasEnded(taken.Key))], end, cancellation);
        chunk.Clear();
        Progress?.Invoke(_totals);
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <returns>What kept the broker from answering for one of the letters, or null.</returns>
    async Task<Exception?> SendBackAsync(List<TakenLetter> letters, CancellationToken cancellation)
    {
        using var ending = new LateCancellation(Grace, Clock, cancellation);
        var answers = await store.SendBackAsync(letters.ConvertAll(taken => taken.Letter), ending.Token);
        foreach (var (taken, answer) in letters.Zip(answers))
        {
            seen.End(taken.Key, answer.IsSent);
            if (answer.Refusal is { } why)
            {
                Stay(taken.Letter, why);
            }
        }
        return answers.FirstOrDefault(answer => answer.IsUnknown)?.Failure;
    }

    async Task RemoveAsync(List<TakenLetter> ended, LetterEnd end, CancellationToken cancellation)
    {
        if (ended.Count == 0)
        {
            return;
        }
        var letters = ended.Count(taken => !taken.IsCopy);
        Unmarked = letters;
        using var ending = new LateCancellation(Grace, Clock, cancellation);
        await store.RemoveAsync(ended.ConvertAll(taken => taken.Letter), end, ending.Token);
        Unmarked = 0;
        _totals = _totals with { Ended = _totals.Ended + letters, EndedCopies = _totals.EndedCopies + ended.Count - letters };
    }

    /// <returns>True where the letter stays because it cannot be sent back.</returns>
    bool CannotEnd(TakenLetter taken, LetterEnd end)
    {
        if (end != LetterEnd.Replayed || taken.Letter.NotReplayable is not { } why)
        {
            return false;
        }
        if (!taken.IsCopy)
        {
            Stay(taken.Letter, $"it cannot be sent back: {why}");
        }
        return true;
    }

    void Stay(StoredLetter letter, string why)
    {
        _totals = _totals with { Staying = _totals.Staying + 1 };
        Stays?.Invoke(letter, why);
    }

    // Null beyond the limit.
    TakenLetter? Take(StoredLetter letter)
    {
        if (filter.Ids.Count > 0)
        {
            Found.Add(letter.Id);
        }
        // The place alone does not tell a letter: a topic made anew counts from 0 again. A copy is removed with the letter that was sent,
        // so a letter that cannot be sent back has no copies that can.
        var content = BinaryPrimitives.ReadInt128LittleEndian(LetterIdentity.Of(letter.Key, letter.Body, letter.Headers));
        var key = new LetterKey(letter.Id, content, LetterHeaders.ReplaysOf(letter.Headers), letter.NotReplayable is null);
        if (seen.Has(key))
        {
            _totals = _totals with { Copies = _totals.Copies + 1 };
            return new TakenLetter(letter, key, IsCopy: true);
        }
        if (IsLimitReached || seen.IsBeyondLimit(key))
        {
            seen.LeaveOut(key);
            _beyondLimit.Add(key);
            _totals = _totals with { BeyondLimit = _beyondLimit.Count };
            return null;
        }
        seen.Add(key);
        _totals = _totals with { Letters = _totals.Letters + 1 };
        return new TakenLetter(letter, key, IsCopy: false);
    }

    sealed record TakenLetter(StoredLetter Letter, LetterKey Key, bool IsCopy);
}
