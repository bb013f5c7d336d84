using System.Buffers.Binary;

namespace Betting.DeadLetters;

/// <summary>What a run over dead letters came to.</summary>
/// <param name="Letters">Letters that were meant, each counted once.</param>
/// <param name="Copies">Further copies of these.</param>
/// <param name="Refused">Letters among them that cannot be sent back.</param>
public readonly record struct LetterTotals(long Letters, long Copies, long Refused);

/// <summary>
/// One pass through a store: sends back or drops the letters that are meant. A letter is removed only after it was sent
/// durably; whatever is interrupted in between is sent again by the next run, which the journal makes harmless.
/// </summary>
public sealed class LetterRun(IDeadLetterStore store, LetterFilter filter, long limit)
{
    // So many are on the way at once.
    const int Chunk = 200;

    readonly HashSet<(string Id, Int128 Content, bool IsReplayable)> _seen = [];
    LetterTotals _totals;

    /// <summary>The ids of letters that are meant and there, also beyond the limit.</summary>
    public HashSet<string> Found { get; } = [];

    /// <summary>Told after each step how far the run is.</summary>
    public Action<LetterTotals>? Progress { get; init; }

    /// <summary>Each letter that is meant, once.</summary>
    public async Task<LetterTotals> LookAsync(Action<StoredLetter> show, CancellationToken cancellation)
    {
        await foreach (var letter in store.ReadAsync(cancellation))
        {
            if (filter.Matches(letter) && Take(letter) is true)
            {
                show(letter);
            }
        }
        return _totals;
    }

    /// <summary>Ends each letter that is meant, copies too.</summary>
    public async Task<LetterTotals> EndAsync(LetterEnd end, CancellationToken cancellation)
    {
        var (sending, copies) = (new List<StoredLetter>(Chunk), new List<StoredLetter>());
        await foreach (var letter in store.ReadAsync(cancellation))
        {
            if (!filter.Matches(letter) || Take(letter) is not { } first)
            {
                continue;
            }
            if (first && end == LetterEnd.Replayed && letter.NotReplayable is not null)
            {
                _totals = _totals with { Refused = _totals.Refused + 1 };
            }
            else if (letter.NotReplayable is null || end == LetterEnd.Dropped)
            {
                (first ? sending : copies).Add(letter);
            }
            if (sending.Count + copies.Count >= Chunk)
            {
                await EndAsync(sending, copies, end, cancellation);
            }
        }
        await EndAsync(sending, copies, end, cancellation);
        return _totals;
    }

    async Task EndAsync(List<StoredLetter> letters, List<StoredLetter> copies, LetterEnd end, CancellationToken cancellation)
    {
        if (end == LetterEnd.Replayed)
        {
            await store.SendBackAsync(letters, cancellation);
        }
        await store.RemoveAsync([.. letters, .. copies], end, cancellation);
        letters.Clear();
        copies.Clear();
        Progress?.Invoke(_totals);
    }

    // True for a letter seen first, false for its copy, null beyond the limit.
    bool? Take(StoredLetter letter)
    {
        if (filter.Ids.Count > 0)
        {
            Found.Add(letter.Id);
        }
        // The place alone does not tell a letter: a topic made anew counts from 0 again. A copy is removed with the letter that was sent,
        // so a letter that cannot be sent back has no copies that can.
        var content = BinaryPrimitives.ReadInt128LittleEndian(LetterIdentity.Of(letter.Key, letter.Body, letter.Headers));
        var key = (letter.Id, content, letter.NotReplayable is null);
        if (_seen.Contains(key))
        {
            _totals = _totals with { Copies = _totals.Copies + 1 };
            return false;
        }
        if (_totals.Letters >= limit)
        {
            return null;
        }
        _seen.Add(key);
        _totals = _totals with { Letters = _totals.Letters + 1 };
        return true;
    }
}
