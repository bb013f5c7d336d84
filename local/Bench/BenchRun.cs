using System.Globalization;
using Betting.Local.Bench.Figures;
using Betting.Local.Bench.Measure;

namespace Betting.Local.Bench;

/// <summary>One run of the bench: how thorough it is, where it works, and the figures so far.</summary>
/// <param name="quick">One repetition, less work.</param>
/// <param name="profile">Where the time went is told with each measurement, which makes it slower.</param>
/// <param name="only">Words of which one has to be in a measurement's name; empty for all.</param>
/// <param name="folder">Everything that is written; removed by who made it.</param>
public sealed class BenchRun(bool quick, bool profile, IReadOnlyList<string> only, string folder, TextWriter progress, TimeProvider clock)
{
    readonly List<Figure> _figures = [];
    readonly List<double> _baseline = [];
    readonly long _started = clock.GetTimestamp();

    public bool Quick => quick;
    public bool Profile => profile;
    public int Repetitions => quick ? 1 : 3;
    public string Folder => folder;
    public TimeProvider Clock => clock;
    public IReadOnlyList<Figure> Figures => _figures;

    /// <summary>Whether a measurement was asked for.</summary>
    public bool Wants(string name) => only.Count == 0 || only.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a measurement was asked for by name, for those that are no part of a full run.</summary>
    public bool IsNamed(string name) => only.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    public void Add(Figure figure)
    {
        _figures.Add(figure);
        Say(
            $"{figure.Part}: {figure.Name} {FigureTable.Number(figure.Value)} "
                + $"{figure.Unit}{(figure.Ratio is { } ratio ? ", ratio " + FigureTable.Number(ratio) : "")}"
        );
    }

    /// <summary>A line for who waits, with the time since the start.</summary>
    public void Say(string line) =>
        progress.WriteLine($"{clock.GetElapsedTime(_started).ToString(@"mm\:ss", CultureInfo.InvariantCulture)} {line}");

    /// <summary>Times the fixed piece of work once more.</summary>
    public void TakeBaseline()
    {
        _baseline.Add(FixedWork.Run(clock));
        Say($"machine: the same work as ever took {_baseline[^1]:F2} s");
    }

    /// <summary>The machine's noise, as a figure.</summary>
    public void AddBaseline() =>
        _figures.Add(
            new Figure("machine", "the same fixed work at start, middle and end", new Samples(_baseline), "s")
            {
                Note = "its spread is the noise of the machine: smaller differences between two runs mean nothing",
            }
        );
}
