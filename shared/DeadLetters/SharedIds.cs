using System.Security.Cryptography;

namespace Betting.DeadLetters;

/// <summary>
/// Ids that different letters have. Of Kafka an id is a place, and a topic that was made anew has the same places again, in whichever store
/// the letters are.
/// </summary>
static class SharedIds
{
    /// <param name="stores">All stores of the command; one that does not answer is left out.</param>
    /// <param name="filter">Which letters are meant.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<List<string>> OfAsync(
        IAsyncEnumerable<IDeadLetterStore> stores,
        LetterFilter filter,
        CancellationToken cancellation
    )
    {
        var (contents, bodies) = (new Dictionary<string, HashSet<string>>(), new Dictionary<string, HashSet<string>>());
        await foreach (var store in stores)
        {
            await using (store)
            {
                try
                {
                    await foreach (var letter in store.ReadAsync(cancellation))
                    {
                        if (filter.Matches(letter))
                        {
                            Note(letter);
                        }
                    }
                }
                // The command meets it as well, and tells it.
                catch (Exception) when (!cancellation.IsCancellationRequested) { }
            }
        }
        return
        [
            .. contents
                .Concat(bodies)
                .Where(each => each.Value.Count > 1)
                .Select(each => each.Key)
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];

        // A shortened letter is known by the hash of the whole body alone.
        void Note(StoredLetter letter)
        {
            if (letter.NotReplayable is null)
            {
                Add(contents, letter.Id, Convert.ToHexStringLower(LetterIdentity.Of(letter.Key, letter.Body, letter.Headers)));
            }
            Add(
                bodies,
                letter.Id,
                letter.Headers.LastOrDefault(header => header.Key == LetterHeaders.Sha256).Value
                    ?? Convert.ToHexStringLower(SHA256.HashData(letter.Body.Span))
            );
        }
    }

    static void Add(Dictionary<string, HashSet<string>> of, string id, string value)
    {
        if (!of.TryGetValue(id, out var values))
        {
            of[id] = values = [];
        }
        values.Add(value);
    }
}
