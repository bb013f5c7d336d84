using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;

namespace Betting.Hosting;

/// <summary>
/// The host that all workers share: configuration (appsettings.json, environment, command line), validated options,
/// Serilog, OpenTelemetry metrics at <c>/metrics</c>, health endpoints, drain on SIGTERM.
/// </summary>
public static class WorkerHost
{
    /// <summary>Exit code of a worker whose settings are wrong (EX_CONFIG of sysexits.h).</summary>
    public const int BadSettings = 78;

    /// <param name="worker">The worker's name, as in logs and metrics.</param>
    /// <param name="settings">Command line settings of the form <c>--Section:Key=value</c>.</param>
    /// <param name="target">Where logs go.</param>
    internal static WebApplicationBuilder CreateBuilder(string worker, IReadOnlyList<string> settings, LogTarget target)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ApplicationName = worker,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Configuration.AddCommandLine([.. settings]);
        builder.AddWorkerLogs(worker, target);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<Heartbeats>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton<WorkerExit>();
        builder.Services.AddSection<HttpOptions>(HttpOptions.Section);
        // The host asks for its drain limit before options are checked; a bad one is reported by that check.
        if (TimeSpan.TryParse(builder.Configuration[$"{HttpOptions.Section}:{nameof(HttpOptions.DrainLimit)}"], CultureInfo.InvariantCulture, out var limit))
        {
            builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = limit);
        }
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter("Betting.*", "Npgsql")
            .AddRuntimeInstrumentation()
            .AddPrometheusExporter());
        builder.AddWorkerTraces(worker);
        builder.WebHost.UseUrls(builder.Configuration[$"{HttpOptions.Section}:{nameof(HttpOptions.Url)}"] ?? new HttpOptions().Url);
        return builder;
    }

    /// <summary>Runs until SIGTERM, Ctrl-C or a failed loop; returns the process's exit code.</summary>
    internal static async Task<int> RunAsync(string worker, WebApplication app, CancellationToken cancellation)
    {
        app.MapHealth();
        app.MapPrometheusScrapingEndpoint("/metrics");
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(worker);
        var http = app.Services.GetRequiredService<IOptions<HttpOptions>>();
        app.Lifetime.ApplicationStopping.Register(() => WorkerLog.Draining(log, worker, http.Value.DrainLimit.TotalSeconds));
        await using (app)
        {
            if (BootSettings.WhatIsWrong(app.Services) is { } reason)
            {
                await Console.Error.WriteLineAsync($"{worker}: {reason}");
                return BadSettings;
            }
            await app.StartAsync(cancellation);
            WorkerLog.Started(log, worker, Version, Environment.ProcessId, string.Join(", ", app.Urls));
            await app.WaitForShutdownAsync(cancellation);
            var code = app.Services.GetRequiredService<WorkerExit>().Code;
            WorkerLog.Stopped(log, worker, code);
            return code;
        }
    }

    static string Version => typeof(WorkerHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}
