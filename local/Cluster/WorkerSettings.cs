using System.Globalization;
using Npgsql;

namespace Betting.Local.Cluster;

/// <summary>Each worker's configuration on this cluster, as environment variables.</summary>
public static class WorkerSettings
{
    public const string Ingest = "Ingest",
        CacheWarmer = "CacheWarmer",
        CdcSink = "CdcSink",
        Reconciler = "Reconciler";

    public static readonly IReadOnlyList<string> Workers = [Ingest, CacheWarmer, CdcSink, Reconciler];

    public static Dictionary<string, string> For(string worker, EngineSet engines, int epoch, string follow)
    {
        var settings = new Dictionary<string, string>
        {
            ["Postgres__ConnectionString"] = PostgresAs(RoleOf(worker), engines),
            ["Logs__Format"] = "text",
            ["Logs__Follow"] = follow,
            ["Kafka__BootstrapServers"] = engines.KafkaBootstrap,
        };
        if (worker is CdcSink or Reconciler)
        {
            settings["Connect__Url"] = engines.ConnectUrl.ToString();
            settings["ClickHouse__ConnectionString"] = engines.ClickHouse.ConnectionString(EngineSet.Database);
        }
        if (worker == CacheWarmer)
        {
            settings["Redis__ConnectionString"] = engines.Redis.ConnectionString;
        }
        if (worker == Ingest)
        {
            settings["RabbitMq__Uri"] = engines.Rabbit.Uri;
        }
        if (worker == CdcSink)
        {
            settings.Remove("Postgres__ConnectionString");
            settings["CdcSink__DefaultEpoch"] = epoch.ToString(CultureInfo.InvariantCulture);
        }
        if (engines.Kafka is not null && worker != Reconciler)
        {
            // The local broker wakes a waiting fetch only when its wait ends, and forgets a dead member only with its session.
            settings["Kafka__Client__fetch.wait.max.ms"] = "10";
            settings["Kafka__Client__session.timeout.ms"] = "6000";
            if (worker == CdcSink)
            {
                settings["CdcSink__RebalanceWait"] = "00:00:03";
            }
        }
        return settings;
    }

    /// <summary>The least-privileged role that each worker has in PostgreSQL.</summary>
    static string RoleOf(string worker) =>
        worker switch
        {
            Ingest => "ingest",
            CacheWarmer => "warmer",
            _ => "reader",
        };

    static string PostgresAs(string role, EngineSet engines) =>
        new NpgsqlConnectionStringBuilder(engines.Postgres.ConnectionString(EngineSet.Database)) { Username = role }.ConnectionString;
}
