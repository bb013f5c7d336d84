using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>One of the four workers as a program that ends by itself, with stores that nobody listens for.</summary>
static class WorkerProgram
{
    static readonly string[] Away =
    [
        "--Postgres:ConnectionString=Host=127.0.0.1;Port=1;Username=x;Database=x",
        "--ClickHouse:ConnectionString=Host=127.0.0.1;Port=1",
        "--Redis:ConnectionString=127.0.0.1:1",
        "--Kafka:BootstrapServers=127.0.0.1:1",
        "--RabbitMq:Uri=amqp://a:b@127.0.0.1:1/",
    ];

    /// <param name="worker">Ingest, CacheWarmer, CdcSink or Reconciler.</param>
    /// <param name="arguments">Its arguments; settings among them win over the stores' default addresses.</param>
    public static Task<(int ExitCode, string[] Lines)> RunAsync(string worker, params string[] arguments) =>
        RunAsync(worker, [], arguments);

    /// <param name="worker">Ingest, CacheWarmer, CdcSink or Reconciler.</param>
    /// <param name="environment">Variables besides those of the tests.</param>
    /// <param name="arguments">Its arguments; settings among them win over the stores' default addresses.</param>
    public static async Task<(int ExitCode, string[] Lines)> RunAsync(
        string worker,
        Dictionary<string, string> environment,
        string[] arguments
    )
    {
        var log = Path.Combine(Path.GetTempPath(), $"program-{Guid.NewGuid():N}.log");
        try
        {
            await using var process = Start(worker, environment, arguments, log);
            Assert.True(await process.ExitedWithinAsync(TimeSpan.FromSeconds(120)), $"{worker} {string.Join(' ', arguments)} did not end");
            return (process.ExitCode, await File.ReadAllLinesAsync(log));
        }
        finally
        {
            File.Delete(log);
        }
    }

    /// <summary>Starts a worker that somebody else ends.</summary>
    public static EngineProcess Start(string worker, Dictionary<string, string> environment, string[] arguments, string log)
    {
        var given = Away.Where(setting =>
            !arguments.Any(own => own.StartsWith(setting[..(setting.IndexOf('=', StringComparison.Ordinal) + 1)], StringComparison.Ordinal))
        );
        return EngineProcess.Start(
            worker,
            Installed.Own($"workers/{worker}", worker, [.. arguments, .. given]) with
            {
                Environment = environment,
            },
            log
        );
    }
}
