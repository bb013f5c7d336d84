using Betting.CdcSink.Batches;

namespace Betting.CdcSink.Join;

/// <summary>Some of a large join's bets and their rows, made and not inserted yet.</summary>
public sealed class JoinedPage : IDisposable
{
    /// <param name="rows">Theirs from here on.</param>
    /// <param name="bets">How many bets.</param>
    /// <param name="known">How many of them have a change, and so rows.</param>
    /// <param name="next">The lowest id that is left; null where none is.</param>
    internal JoinedPage(NativeRows rows, int bets, int known, long? next) => (Rows, Bets, Known, Next) = (rows, bets, known, next);

    public int Bets { get; }

    public long? Next { get; }

    internal int Known { get; }

    internal NativeRows Rows { get; }

    public void Dispose() => Rows.Dispose();
}
