using System.Buffers;
using System.Collections.Concurrent;

namespace Betting.CdcSink.Formats;

/// <summary>
/// What every batch needs and is too large to be made anew for each: the runtime collects such memory only with everything else, and
/// its own shared pool gives it up whenever it does.
/// </summary>
static class Pooled
{
    // Two batches are applied and one is gathered at a time; more is left to the collector.
    const int Kept = 16,
        LongestArray = 1 << 26;

    /// <summary>What a column grows by: of a full batch's bets, 8,192 rows of 8 bytes.</summary>
    public const int PieceBytes = 1 << 16;

    // Columns of three batches and of a large join's two pages: 64 MB.
    const int KeptPieces = 1 << 10;

    static readonly ConcurrentBag<HashSet<long>> Sets = [];
    static readonly ConcurrentBag<List<long>> Lists = [];

    /// <summary>Columns of rows that are written.</summary>
    public static ArrayPool<byte> Pieces { get; } = ArrayPool<byte>.Create(PieceBytes, KeptPieces);

    public static HashSet<long> Set() => Sets.TryTake(out var set) ? set : [];

    public static List<long> List() => Lists.TryTake(out var list) ? list : [];

    public static void Return(HashSet<long> set)
    {
        set.Clear();
        if (Sets.Count < Kept)
        {
            Sets.Add(set);
        }
    }

    public static void Return(List<long> list)
    {
        list.Clear();
        if (Lists.Count < Kept)
        {
            Lists.Add(list);
        }
    }

    public static class Arrays<T>
    {
        public static readonly ArrayPool<T> Pool = ArrayPool<T>.Create(LongestArray, Kept / 2);
    }
}
