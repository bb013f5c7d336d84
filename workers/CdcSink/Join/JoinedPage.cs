using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>Some of a large join's bets and their rows, made and not inserted yet.</summary>
public sealed class JoinedPage : IDisposable
{
    readonly Stack<NativeRows> _blocks = new();

    /// <param name="rows">Theirs from here on.</param>
    /// <param name="filled">Those of them that a late change may alter.</param>
    /// <param name="bets">How many bets.</param>
    /// <param name="known">How many of them have a change, and so rows.</param>
    /// <param name="next">The lowest id that is left; null where none is.</param>
    internal JoinedPage(NativeRows rows, IReadOnlyList<FilledRow> filled, int bets, int known, long? next)
    {
        (Filled, Bets, Known, Next) = (filled, bets, known, next);
        _blocks.Push(rows);
    }

    public int Bets { get; }

    public long? Next { get; }

    internal int Known { get; }

    internal IReadOnlyList<FilledRow> Filled { get; }

    /// <summary>
    /// Inserts what is not inserted yet. After a failure for which <paramref name="asksForLess"/> holds, the next call inserts smaller
    /// blocks.
    /// </summary>
    internal async Task InsertAsync(Func<NativeRows, Task> insertAsync, Func<Exception, bool> asksForLess)
    {
        while (_blocks.TryPeek(out var block))
        {
            try
            {
                await insertAsync(block);
            }
            catch (Exception failure) when (block.Rows > 1 && asksForLess(failure))
            {
                _ = _blocks.Pop();
                using (block)
                {
                    foreach (var half in block.Split([.. Enumerable.Range(0, block.Rows).Select(row => row * 2 / block.Rows)], 2))
                    {
                        _blocks.Push(half);
                    }
                }
                throw;
            }
            _blocks.Pop().Dispose();
        }
    }

    public void Dispose()
    {
        while (_blocks.TryPop(out var block))
        {
            block.Dispose();
        }
    }
}
