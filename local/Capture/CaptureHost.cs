using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Betting.Local.Capture;

/// <summary>The process: capture, its status HTTP, and the line on stdout that tells where that is. Logs go to stderr.</summary>
static class CaptureHost
{
    /// <returns>The exit code: 0 after an orderly stop, 2 when it was asked for the impossible.</returns>
    public static async Task<int> RunAsync(CaptureOptions options, TimeProvider time, CancellationToken stop)
    {
        if (options.Fault() is { } fault)
        {
            await Console.Error.WriteLineAsync(fault);
            return 2;
        }

        var status = new CaptureStatus();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true).AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(15));
        builder.Services.AddSingleton(options).AddSingleton(status).AddSingleton(time).AddHostedService<CaptureLoop>();
        builder.WebHost.UseUrls($"http://127.0.0.1:{options.AdminPort}");
        await using var app = builder.Build();
        app.MapStatus(status, options);
        await app.StartAsync(stop);
        Console.WriteLine(
            $"CAPTURE_URL={app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()}"
        );
        await app.WaitForShutdownAsync(stop);
        return 0;
    }
}
