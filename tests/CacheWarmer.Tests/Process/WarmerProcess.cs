using System.Globalization;
using Betting.Local.Engines;

namespace Betting.Tests.CacheWarmer.Process;

/// <summary>The worker as it is shipped: a process of its own that can be killed.</summary>
static class WarmerProcess
{
    static int _count;

    public static EngineProcess Start(string folder, string postgres, string redis, string kafka, params string[] settings)
    {
        var launch = Installed.Own("workers/CacheWarmer", "CacheWarmer", settings) with
        {
            Environment = new Dictionary<string, string>
            {
                ["Postgres__ConnectionString"] = postgres,
                ["Redis__ConnectionString"] = redis,
                ["Kafka__BootstrapServers"] = kafka,
                ["Kafka__Client__fetch.wait.max.ms"] = "10",
                ["Kafka__Client__session.timeout.ms"] = "1500",
                ["Kafka__Client__heartbeat.interval.ms"] = "300",
                ["CacheWarmer__SettleBeforeRebuild"] = "00:00:00.2",
                ["CacheWarmer__PublishEvery"] = "00:00:00.2",
                ["CacheWarmer__BreakerProbe"] = "00:00:01",
                ["Logs__Format"] = "text",
            },
        };
        var number = Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture);
        return EngineProcess.Start("CacheWarmer", launch, Path.Combine(folder, "logs", $"cache-warmer-{number}.log"));
    }
}
