using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace Betting.Hosting;

/// <summary>Where logs go: a worker's are its output, a verb's must not mix with its answer.</summary>
enum LogTarget
{
    Output,
    Error,
}

/// <summary>Serilog as compact JSON or as text for people.</summary>
static class WorkerLogs
{
    const string Text = "{Timestamp:HH:mm:ss.fff} {Level:u3} {EventNumber,3} {SourceContext}: {Message:lj}{NewLine}{Exception}";

    public static void AddWorkerLogs(this WebApplicationBuilder builder, string worker, LogTarget target)
    {
        builder.Services.AddSection<LogOptions>(LogOptions.Section);
        var section = builder.Configuration.GetSection(LogOptions.Section);
        // A verb tells what goes wrong, and what was asked for by an id.
        var quiet =
            target == LogTarget.Error && string.IsNullOrEmpty(section[nameof(LogOptions.Follow)])
                ? LogEventLevel.Warning
                : LogEventLevel.Information;
        var level = Enum.TryParse<LogEventLevel>(section[nameof(LogOptions.Level)], ignoreCase: true, out var asked) ? asked : quiet;
        var text = target == LogTarget.Error || section[nameof(LogOptions.Format)] == "text";
        LogEventLevel? errorsFrom = target == LogTarget.Error ? LogEventLevel.Verbose : null;
        builder.Services.AddSerilog(logs =>
        {
            logs.MinimumLevel.Is(level)
                .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
                // A failed start is told in one line by whoever starts the host.
                .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LogEventLevel.Fatal)
                .MinimumLevel.Override("System", LogEventLevel.Warning)
                // A line for every statement, at Information.
                .MinimumLevel.Override("Npgsql", LogEventLevel.Warning)
                .Filter.ByExcluding(IsStopDuringStart)
                .Enrich.WithProperty("Worker", worker);
            if (text)
            {
                logs.Enrich.With<EventNumber>()
                    .WriteTo.Console(
                        outputTemplate: Text,
                        formatProvider: CultureInfo.InvariantCulture,
                        standardErrorFromLevel: errorsFrom
                    );
            }
            else
            {
                logs.WriteTo.Console(new CompactJsonFormatter());
            }
        });
    }

    // The host logs its own start that a stop has broken off as an error, with a stack trace.
    static bool IsStopDuringStart(LogEvent logged) =>
        logged.Exception is OperationCanceledException
        && logged.Properties.GetValueOrDefault("SourceContext") is ScalarValue { Value: "Microsoft.Extensions.Hosting.Internal.Host" };
}
