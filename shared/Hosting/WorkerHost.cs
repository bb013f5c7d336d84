using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Betting.Hosting;

/// <summary>
/// The host that all workers share: configuration (appsettings.json, environment, command line), validated options,
/// Serilog, OpenTelemetry metrics at <c>/metrics</c>, health endpoints, drain on SIGTERM.
/// </summary>
public static class WorkerHost
{
    /// <inheritdoc cref="ExitCodes.BadSettings"/>
    public const int BadSettings = ExitCodes.BadSettings;

    /// <param name="worker">The worker's name, as in logs and metrics.</param>
    /// <param name="settings">Command line settings of the form <c>--Section:Key=value</c>.</param>
    /// <param name="target">Where logs go.</param>
    internal static WebApplicationBuilder CreateBuilder(string worker, IReadOnlyList<string> settings, LogTarget target)
    {
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { ApplicationName = worker, ContentRootPath = AppContext.BaseDirectory }
        );
        builder.Configuration.AddCommandLine([.. settings]);
        builder.AddWorkerLogs(worker, target);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<Heartbeats>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton<WorkerExit>();
        builder.Services.AddMetrics();
        builder.Services.AddSingleton<StoreFailures>();
        builder.Services.AddSingleton<Outages>();
        builder.Services.AddSingleton<FollowedIds>();
        builder.Services.AddSingleton<WorkerMetrics>();
        builder.Services.AddSection<HttpOptions>(HttpOptions.Section);
        // The host asks for its drain limit before options are checked; a bad one is reported by that check.
        if (
            TimeSpan.TryParse(
                builder.Configuration[$"{HttpOptions.Section}:{nameof(HttpOptions.DrainLimit)}"],
                CultureInfo.InvariantCulture,
                out var limit
            )
        )
        {
            builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = limit);
        }
        builder
            .Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(worker, serviceVersion: Version))
            .WithMetrics(metrics =>
                metrics
                    .AddMeter("Betting.*", "Npgsql")
                    .AddRuntimeInstrumentation()
                    // By default the exporter answers for 300 ms with the scrape before, and so with old values.
                    .AddPrometheusExporter(exporter => exporter.ScrapeResponseCacheDurationMilliseconds = 0)
            );
        builder.AddWorkerTraces();
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
            try
            {
                await app.StartAsync(cancellation);
            }
            // Asked to stop before everything has started: what has started drains as at any other time.
            catch (OperationCanceledException)
                when (cancellation.IsCancellationRequested || app.Lifetime.ApplicationStopping.IsCancellationRequested)
            {
                await app.StopAsync(CancellationToken.None);
                return await EndAsync(worker, app, log);
            }
            catch (Exception failure) when (WhyNotListening(failure) is { } why)
            {
                await app.StopAsync(CancellationToken.None);
                await Console.Error.WriteLineAsync($"{worker}: Http:Url: {why} (it is '{http.Value.Url}')");
                return BadSettings;
            }
            app.Services.GetRequiredService<WorkerMetrics>();
            WorkerLog.Started(log, worker, Version, Environment.ProcessId, string.Join(", ", app.Urls));
            await app.WaitForShutdownAsync(cancellation);
            return await EndAsync(worker, app, log);
        }
    }

    static async Task<int> EndAsync(string worker, WebApplication app, ILogger log)
    {
        var exit = app.Services.GetRequiredService<WorkerExit>();
        WorkerLog.Stopped(log, worker, exit.Code);
        if (exit.Line is { } line)
        {
            await Console.Error.WriteLineAsync($"{worker}: {line}");
        }
        return exit.Code;
    }

    static string? WhyNotListening(Exception failure) =>
        failure switch
        {
            IOException { InnerException: AddressInUseException } => "another process listens there already",
            SocketException { SocketErrorCode: SocketError.AccessDenied } => "this user may not listen there",
            SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => "this machine has no such address",
            IOException { InnerException: { } inner } => WhyNotListening(inner),
            _ => null,
        };

    static string Version =>
        typeof(WorkerHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}
