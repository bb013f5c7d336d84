namespace Betting.Ingest.DeadLetters;

/// <summary>Letters that a look takes with one consumer.</summary>
/// <param name="Size">How many; 65,535 at most, which is the largest prefetch count.</param>
/// <param name="Place">Where they go back, among the pages of the look: the one with the least number first.</param>
public readonly record struct LookPage(int Size, int Place);

/// <summary>Divides the letters of a queue into the pages of a look.</summary>
/// <remarks>
/// <para>Why the number of returns tells the order. Call a letter older than another one that was put aside later. Two statements hold
/// always: an older letter has gone
/// back to the queue at least as often as a younger one, and of two that have gone back equally often the older one stands in front.</para>
/// <para>A look takes letters from the front and gives them back behind all others that ever went back, older ones first. So it keeps
/// both statements, wherever it ends. If it takes
/// the younger one of a pair with equal numbers, it takes the older one too, which stands in front of it. If it takes the older one
/// alone, that one's number becomes the
/// larger one. If it takes the younger one alone, the older one's number was larger; where the two become equal, the younger one stands
/// behind now. Letters that come have
/// the number 0 and are the last ones. Letters that are removed change nothing.</para>
/// </remarks>
public static class LookPages
{
    /// <summary>
    /// RabbitMQ 3.10 returns 32 consumers of one channel in the order of their tags, because Erlang sorts the keys of a map of that size;
    /// one is for the end of a look.
    /// </summary>
    public const int Most = 31;

    // Few enough to be held in memory where they are large.
    const int LeastSize = 16;

    /// <summary>Pages for all letters, which go back as they came: small ones, since a page is in memory.</summary>
    /// <exception cref="InvalidOperationException">They are more than a look can hold, some two millions.</exception>
    public static IReadOnlyList<LookPage> Of(long letters)
    {
        var size = SizeOf(letters, Most);
        var pages = (letters + size - 1) / size;
        return pages <= Most
            ? [.. Enumerable.Range(0, (int)pages).Select(page => new LookPage((int)Math.Min(size, letters - ((long)page * size)), page))]
            : throw new InvalidOperationException(
                $"the queue has {letters} letters, and a look can hold {Most * ushort.MaxValue} in their order"
            );
    }

    /// <summary>Pages that go back in the order in which the letters were put aside.</summary>
    /// <param name="returns">How often each letter went back to the queue, in the queue's order.</param>
    /// <returns>None where the letters are in that order; null where that takes more pages than there are, because another program has
    /// mixed the letters.</returns>
    public static IReadOnlyList<LookPage>? Restoring(IReadOnlyList<long> returns)
    {
        var places = PlacesOf(returns);
        var starts = Enumerable.Range(0, places.Length).Where(at => at == 0 || places[at] != places[at - 1] + 1).ToList();
        if (starts.Count <= 1)
        {
            return [];
        }
        if (starts.Count >= Most)
        {
            return null;
        }
        var size = SizeOf(places.Length, Most - starts.Count);
        var pages = new List<(int Size, int First)>();
        foreach (var (start, end) in starts.Zip(starts.Skip(1).Append(places.Length)))
        {
            for (var at = start; at < end; at += size)
            {
                pages.Add((Math.Min(size, end - at), places[at]));
            }
        }
        var firsts = pages.ConvertAll(page => page.First);
        firsts.Sort();
        return pages.Count <= Most ? pages.ConvertAll(page => new LookPage(page.Size, firsts.BinarySearch(page.First))) : null;
    }

    static int SizeOf(long letters, int pages) => (int)Math.Clamp((letters + pages - 1) / pages, LeastSize, ushort.MaxValue);

    // Where each letter belongs; OrderByDescending keeps the order of equals.
    static int[] PlacesOf(IReadOnlyList<long> returns)
    {
        var places = new int[returns.Count];
        foreach (var (place, at) in Enumerable.Range(0, returns.Count).OrderByDescending(at => returns[at]).Index())
        {
            places[at] = place;
        }
        return places;
    }
}
