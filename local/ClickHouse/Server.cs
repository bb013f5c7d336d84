using Betting.Local.ClickHouse.Engine;
using Betting.Local.ClickHouse.Http;
using Betting.Local.ClickHouse.Queries;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;

namespace Betting.Local.ClickHouse;

/// <summary>The process: the engine, and the HTTP server in front of it.</summary>
static class Server
{
    /// <summary>Serves until the process is told to stop (SIGTERM, Ctrl-C). Prints <c>CLICKHOUSE_URL=…</c> once it answers.</summary>
    /// <exception cref="StartupException">The engine, or the port, cannot be had.</exception>
    public static async Task RunAsync(ServerOptions options)
    {
        // An engine call blocks its thread; the pool must not make the others wait for new threads meanwhile.
        ThreadPool.SetMinThreads(options.MaxConcurrent + Environment.ProcessorCount, Environment.ProcessorCount);

        var time = TimeProvider.System;
        var started = time.GetTimestamp();
        using var engine = ChdbEngine.Start(options.Library, options.Path, options.MemoryLimit);
        await using var app = Build(options, engine, time);
        try
        {
            await app.StartAsync();
        }
        catch (IOException error)
        {
            throw new StartupException($"Port {options.Port} cannot be had: {error.Message}", error);
        }

        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        ServerLog.Started(app.Logger, engine.Version, options.Path, (long)time.GetElapsedTime(started).TotalMilliseconds);
        await Console.Out.WriteLineAsync($"CLICKHOUSE_URL={address}");

        await app.WaitForShutdownAsync();
        await app.Services.GetRequiredService<QueryRunner>().StopAsync();
        ServerLog.Stopped(app.Logger);
    }

    static WebApplication Build(ServerOptions options, ChdbEngine engine, TimeProvider time)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder
            .Logging.ClearProviders()
            .SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            // It reports each torn answer as an error of the application; the query has been answered for by then.
            .AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Critical)
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.ColorBehavior = LoggerColorBehavior.Disabled;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                console.UseUtcTimestamp = true;
            });
        // Standard output carries the address alone.
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.StopTimeout);
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));

        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(engine);
        builder.Services.AddSingleton<QueryGate>();
        builder.Services.AddSingleton<RunningQueries>();
        builder.Services.AddSingleton<SessionStore>();
        builder.Services.AddSingleton<QueryRunner>();
        builder.Services.AddSingleton<QueryEndpoint>();

        var app = builder.Build();
        app.MapHealth();
        app.Map("/", app.Services.GetRequiredService<QueryEndpoint>().HandleAsync);
        return app;
    }

    static void Configure(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.ListenLocalhostOnly(options.Port);
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestLineSize = options.MaxRequestLine;
        kestrel.Limits.MaxRequestBufferSize = Math.Max(options.MaxRequestLine, 1 << 20);
        kestrel.Limits.MaxRequestBodySize = options.MaxBody;
        // A reader that works on what it has, or a writer that waits for its own source, is no attacker here.
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
    }

    static void ListenLocalhostOnly(this KestrelServerOptions kestrel, int port) =>
        kestrel.Listen(System.Net.IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
}
