using Betting.CdcSink.Batches;

namespace Betting.CdcSink.Join;

/// <summary>Some of a large join's bets and their rows, made and not inserted yet.</summary>
/// <param name="bets">How many bets.</param>
/// <param name="next">The lowest id that is left; null where none is.</param>
public sealed class JoinedPage(int bets, long? next) : IDisposable
{
    public int Bets => bets;

    public long? Next => next;

    /// <summary>How many of the bets have a change, and so rows.</summary>
    internal int Known { get; set; }

    internal RowBinaryBuffer Rows { get; } = new();

    public void Dispose() => Rows.Dispose();
}
