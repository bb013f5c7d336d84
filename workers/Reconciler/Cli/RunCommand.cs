using System.CommandLine;
using Betting.Hosting;
using Betting.Reconciler.Runs;
using Microsoft.Extensions.DependencyInjection;

namespace Betting.Reconciler.Cli;

/// <summary><c>Reconciler run</c>: one run now. Exit code 0 equal, 1 drift, 2 could not compare; progress goes to standard error.</summary>
static class RunCommand
{
    static readonly Option<bool> Json = new("--json") { Description = "Print the result as one JSON object." };

    static readonly Option<TimeSpan> Wait = new Option<TimeSpan>("--wait")
    {
        Description = "How long to wait for a reconciliation that is under way, hh:mm:ss; 10 minutes by default.",
        DefaultValueFactory = _ => TimeSpan.FromMinutes(10),
    }.AtMost(TimeSpan.FromDays(1));

    public static Command Create() => new("run", "Compares once, now. Exit code 0: equal, 1: drift, 2: could not compare.") { Json, Wait };

    public static async Task<int> ActAsync(ParseResult parsed, IServiceProvider services, CancellationToken cancellation)
    {
        var report = await services
            .GetRequiredService<Reconciliation>()
            .RunAsync("command", parsed.GetValue(Wait), new ErrorLines(), cancellation);
        if (parsed.GetValue(Json))
        {
            await Console.Out.WriteLineAsync(Summary.ToJson(report));
        }
        else
        {
            foreach (var line in Summary.Lines(report))
            {
                await Console.Out.WriteLineAsync(line);
            }
        }
        return (int)report.Outcome;
    }

    /// <summary>In order and at once, unlike <see cref="Progress{T}"/>.</summary>
    sealed class ErrorLines : IProgress<string>
    {
        public void Report(string value) => Console.Error.WriteLine(value);
    }
}
