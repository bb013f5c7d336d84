using System.CommandLine;
using Betting.Local.Bench.Figures;

namespace Betting.Local.Bench;

/// <summary>The command line of <c>./bench</c>.</summary>
static class BenchCommand
{
    public static RootCommand Create()
    {
        var parts = new Argument<string[]>("PART")
        {
            Description =
                "what to measure; nothing named: all. " + string.Join("; ", BenchParts.All.Select(part => $"{part.Name}: {part.About}")),
            Arity = ArgumentArity.ZeroOrMore,
        };
        parts.AcceptOnlyFromAmong([.. BenchParts.All.Select(part => part.Name)]);
        var quick = new Option<bool>("--quick")
        {
            Description = "one repetition instead of three and shorter measurements: for a look, not for a comparison",
        };
        var json = new Option<string?>("--json") { Description = "write the figures with every repetition to this file" };
        var only = new Option<string[]>("--only")
        {
            Description = "measure only what has this word in its name; may be repeated",
            DefaultValueFactory = _ => [],
        };
        var profile = new Option<bool>("--profile")
        {
            Description = "tell where the time of each measurement went (processors, statements of PostgreSQL); slows it down",
        };
        var command = new RootCommand(
            "Measures the workers on this machine beside what limits them, and prints one row a figure: value, limit or peer, ratio, "
                + "target.\nAbsolute figures depend on the machine; ratios are taken within one run. Progress goes to standard error.\n"
                + "The exit code is 0 when everything was measured: a target that is missed is shown, it is no error."
        )
        {
            parts,
            quick,
            json,
            only,
            profile,
        };
        command.SetAction(
            async (parsed, cancellation) =>
            {
                var folder = Directory.CreateTempSubdirectory("bench-");
                try
                {
                    // Others than its owner work here: PostgreSQL refuses to run as root.
                    File.SetUnixFileMode(
                        folder.FullName,
                        UnixFileMode.UserRead
                            | UnixFileMode.UserWrite
                            | UnixFileMode.UserExecute
                            | UnixFileMode.GroupRead
                            | UnixFileMode.GroupExecute
                            | UnixFileMode.OtherRead
                            | UnixFileMode.OtherExecute
                    );
                    var run = new BenchRun(
                        parsed.GetValue(quick),
                        parsed.GetValue(profile),
                        parsed.GetValue(only)!,
                        folder.FullName,
                        Console.Error,
                        TimeProvider.System
                    );
                    await MeasureAsync(run, parsed.GetValue(parts)!, cancellation);
                    await TellAsync(run, parsed.GetValue(json), cancellation);
                    return 0;
                }
                catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
                {
                    return 130;
                }
                finally
                {
                    folder.Delete(recursive: true);
                }
            }
        );
        return command;
    }

    static async Task MeasureAsync(BenchRun run, string[] parts, CancellationToken cancellation)
    {
        run.TakeBaseline();
        foreach (var part in BenchParts.All.Where(part => parts.Length == 0 || parts.Contains(part.Name)))
        {
            await part.MeasureAsync(run, cancellation);
            run.TakeBaseline();
        }
        run.AddBaseline();
    }

    static async Task TellAsync(BenchRun run, string? json, CancellationToken cancellation)
    {
        Console.Write(FigureTable.Write(run.Figures));
        if (run.Quick)
        {
            Console.WriteLine("--quick: one repetition and short measurements; only the full run is to be quoted.");
        }
        if (run.Profile)
        {
            Console.WriteLine("--profile: every measurement was slowed down by being looked at.");
        }
        if (json is not null)
        {
            await File.WriteAllTextAsync(json, FigureJson.Write(run.Figures, run.Quick), cancellation);
        }
    }
}
