using System.Globalization;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.ClickHouse;

/// <summary>
/// Rows asked for by id: as a few ranges where ids lie close together, as those of new bets do, and by name where they do not.
/// A range costs the engine nothing; a hundred thousand names have to be sent, parsed and looked up.
/// </summary>
sealed class IdSelection
{
    const int MostRanges = 8;

    // Of so many rows in a range one at least is asked for; the others are read and passed over.
    const ulong Sparsest = 4;

    readonly long[] _others;

    IdSelection(List<(long Low, long High)> ranges, long[] others) => (Ranges, _others) = (ranges, others);

    /// <summary>Both ends are included.</summary>
    public IReadOnlyList<(long Low, long High)> Ranges { get; }

    public IReadOnlyList<long> Others => _others;

    /// <param name="ids">Ascending, each once.</param>
    public static IdSelection Of(ReadOnlySpan<long> ids)
    {
        var ranges = new List<(long, long)>();
        var others = new List<long>();
        var start = 0;
        foreach (var end in Cuts(ids).Append(ids.Length))
        {
            if (end > start)
            {
                var part = ids[start..end];
                if (unchecked((ulong)(part[^1] - part[0])) < (ulong)part.Length * Sparsest)
                {
                    ranges.Add((part[0], part[^1]));
                }
                else
                {
                    others.AddRange(part);
                }
            }
            start = end;
        }
        return new IdSelection(ranges, [.. others]);
    }

    /// <summary>Adds the selection's parameters.</summary>
    /// <returns>The condition on the column <c>id</c>.</returns>
    public string AddTo(ClickHouseParameterCollection parameters)
    {
        var conditions = new List<string>();
        for (var range = 0; range < Ranges.Count; range++)
        {
            var (low, high) = Ranges[range];
            parameters.AddParameter(string.Create(CultureInfo.InvariantCulture, $"low{range}"), low);
            parameters.AddParameter(string.Create(CultureInfo.InvariantCulture, $"high{range}"), high);
            conditions.Add(string.Create(CultureInfo.InvariantCulture, $"id BETWEEN {{low{range}:Int64}} AND {{high{range}:Int64}}"));
        }
        if (_others.Length > 0 || conditions.Count == 0)
        {
            conditions.Add($"id IN {IdList.Add(parameters, "others", _others)}");
        }
        return string.Join(" OR ", conditions);
    }

    /// <summary>The positions behind the widest gaps, ascending: there the ids fall into parts that are as dense as they can be.</summary>
    static IEnumerable<int> Cuts(ReadOnlySpan<long> ids)
    {
        var widest = new PriorityQueue<int, ulong>(MostRanges);
        for (var next = 1; next < ids.Length; next++)
        {
            var gap = unchecked((ulong)(ids[next] - ids[next - 1]));
            if (widest.Count < MostRanges - 1)
            {
                widest.Enqueue(next, gap);
            }
            else if (widest.TryPeek(out _, out var narrowest) && gap > narrowest)
            {
                widest.EnqueueDequeue(next, gap);
            }
        }
        return [.. widest.UnorderedItems.Select(cut => cut.Element).Order()];
    }
}
