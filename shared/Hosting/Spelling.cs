namespace Betting.Hosting;

/// <summary>Finds the name that a mistyped one probably means.</summary>
public static class Spelling
{
    /// <summary>The nearest of <paramref name="names"/>, in at most a third of its letters different; null where none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> names) =>
        names
            .Select(name => (Name: name, Edits: Edits(word.ToUpperInvariant(), name.ToUpperInvariant())))
            .Where(each => each.Edits <= Math.Max(1, each.Name.Length / 3))
            .OrderBy(each => each.Edits)
            .Select(each => each.Name)
            .FirstOrDefault();

    /// <summary>True where one letter is missing, added, replaced or has changed its place with its neighbour, whatever the case.</summary>
    public static bool IsOneEdit(string word, string name) => Edits(word.ToUpperInvariant(), name.ToUpperInvariant()) == 1;

    /// <summary>"; did you mean X?", or nothing.</summary>
    public static string Hint(string word, IEnumerable<string> names) => Nearest(word, names) is { } near ? $"; did you mean {near}?" : "";

    // Insertions, deletions, replacements, and neighbours that changed places.
    static int Edits(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                rows[i, j] =
                    i == 0 || j == 0
                        ? i + j
                        : Math.Min(Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1, rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }
        return rows[a.Length, b.Length];
    }
}
