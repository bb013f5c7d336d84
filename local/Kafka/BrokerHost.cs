using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Betting.Local.Kafka;

/// <summary>The process: cluster, admin HTTP, and the two lines on stdout that tell where they are.</summary>
static class BrokerHost
{
    /// <returns>The exit code: 0 after an orderly stop, 2 when it was asked for the impossible.</returns>
    public static async Task<int> RunAsync(BrokerOptions options, CancellationToken stop)
    {
        if (options.Fault() is { } fault)
        {
            await Console.Error.WriteLineAsync(fault);
            return 2;
        }

        using var brokers = new LocalBrokers(options);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true).AddFilter("Microsoft", LogLevel.Warning);
        // Addresses alone go to stdout, so that who starts this process can read them.
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console =>
            console.LogToStandardErrorThreshold = LogLevel.Trace
        );
        builder.WebHost.UseUrls($"http://127.0.0.1:{options.AdminPort}");
        await using var app = builder.Build();
        Admin.Map(app, brokers);
        await app.StartAsync(stop);

        string admin = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        KafkaLog.Started(app.Logger, brokers.Bootstrap, options.Retention.Bytes, options.Retention.Batches);
        Console.WriteLine($"KAFKA_BOOTSTRAP={brokers.Bootstrap}");
        Console.WriteLine($"KAFKA_ADMIN={admin}");
        await app.WaitForShutdownAsync(stop);
        return 0;
    }
}
