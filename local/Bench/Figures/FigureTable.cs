using System.Globalization;
using System.Text;

namespace Betting.Local.Bench.Figures;

/// <summary>Figures as an aligned table for people; plain text, so that it can be kept in a document.</summary>
public static class FigureTable
{
    static readonly string[] Header = ["", "value", "unit", "spread", "limit or peer", "its value", "ratio", "target", "met"];

    // Numbers stand to the right, texts to the left.
    static readonly HashSet<int> Right = [1, 3, 5, 6, 7];

    public static string Write(IReadOnlyList<Figure> figures)
    {
        var rows = new List<string[]> { Header };
        var notes = new List<string>();
        foreach (var part in figures.GroupBy(figure => figure.Part))
        {
            rows.Add([part.Key, .. Enumerable.Repeat("", Header.Length - 1)]);
            rows.AddRange(part.Select(figure => Row(figure, notes)));
        }
        var widths = Enumerable.Range(0, Header.Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            text.AppendLine(
                string.Join(
                        "  ",
                        row.Select((cell, column) => Right.Contains(column) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))
                    )
                    .TrimEnd()
            );
        }
        for (var i = 0; i < notes.Count; i++)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"[{i + 1}] {notes[i]}");
        }
        return text.ToString();
    }

    /// <summary>A number with as many digits as mean something.</summary>
    public static string Number(double value) =>
        Math.Abs(value) switch
        {
            >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
            >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
            _ => value.ToString("0.00", CultureInfo.InvariantCulture),
        };

    static string[] Row(Figure figure, List<string> notes)
    {
        var name = "  " + figure.Name;
        if (figure.Note is { } note)
        {
            if (!notes.Contains(note))
            {
                notes.Add(note);
            }
            name += string.Create(CultureInfo.InvariantCulture, $" [{notes.IndexOf(note) + 1}]");
        }
        return
        [
            name,
            Number(figure.Value),
            figure.Unit,
            figure.Samples.Values.Count == 1 ? "–" : figure.Samples.Spread.ToString("0%", CultureInfo.InvariantCulture),
            figure.Peer?.Name ?? "",
            figure.Peer is { } peer ? Number(peer.Samples.Median) : "",
            figure.Ratio is { } ratio ? Number(ratio) : "",
            figure.Target?.ToString() ?? "",
            figure.IsMet switch
            {
                true => "yes",
                false => "NO",
                null => "",
            },
        ];
    }
}
