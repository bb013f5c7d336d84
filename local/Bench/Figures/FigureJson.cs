using System.Text.Json;

namespace Betting.Local.Bench.Figures;

/// <summary>Figures for machines: the table's rows with every repetition.</summary>
public static class FigureJson
{
    static readonly JsonSerializerOptions Layout = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <param name="figures">All rows in their order.</param>
    /// <param name="quick">Whether they were taken with <c>--quick</c>.</param>
    public static string Write(IEnumerable<Figure> figures, bool quick) =>
        JsonSerializer.Serialize(
            new
            {
                quick,
                figures = figures.Select(figure => new
                {
                    figure.Part,
                    figure.Name,
                    figure.Value,
                    figure.Unit,
                    figure.Samples.Spread,
                    repetitions = figure.Samples.Values,
                    peer = figure.Peer?.Name,
                    peerValue = figure.Peer?.Samples.Median,
                    figure.Ratio,
                    target = figure.Target?.ToString(),
                    met = figure.IsMet,
                    figure.Note,
                }),
            },
            Layout
        );
}
