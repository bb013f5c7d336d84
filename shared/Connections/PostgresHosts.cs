using Microsoft.Extensions.Logging;
using Npgsql;

namespace Betting.Connections;

/// <summary>Makes a <see cref="PostgresSource"/> of a connection string that names one host or several.</summary>
/// <param name="application">The name that PostgreSQL shows for its sessions, and the pool's label in metrics.</param>
/// <param name="loggers">For Npgsql and for lines about primaries.</param>
/// <param name="clock">Paces looks.</param>
sealed class PostgresHosts(string application, ILoggerFactory loggers, TimeProvider clock)
{
    // With several hosts a session that does not open in this time leads to a host that is about to be left.
    const int NpgsqlTimeout = 15,
        ShortTimeout = 5;

    readonly ILogger _log = loggers.CreateLogger<PostgresSource>();

    /// <summary>The hosts of a connection string, each with its port.</summary>
    public static IReadOnlyList<string> NamesOf(NpgsqlConnectionStringBuilder settings) =>
        [.. HostsOf(settings).Select(host => host.Contains(':', StringComparison.Ordinal) ? host : $"{host}:{settings.Port}")];

    /// <summary>Connects to nothing.</summary>
    public PostgresSource Open(NpgsqlConnectionStringBuilder settings)
    {
        var hosts = HostsOf(settings);
        return hosts.Length == 1 ? One(settings) : Several(settings, hosts);
    }

    static string[] HostsOf(NpgsqlConnectionStringBuilder settings) =>
        (settings.Host ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    PostgresSource One(NpgsqlConnectionStringBuilder settings)
    {
        var history = new PrimaryHistory(clock, _log);
        NpgsqlDataSource? pool = null;
        pool = Pool(settings, settings.Host!, application, async opened =>
        {
            if (history.Opened($"{opened.Host}:{opened.Port}", await ServerAnswer.AskAsync(opened, HostLook.Seconds)))
            {
                pool!.Clear();
            }
        });
        return new PostgresSource([pool], watch: null);
    }

    PostgresSource Several(NpgsqlConnectionStringBuilder settings, string[] hosts)
    {
        if (settings.Timeout == NpgsqlTimeout)
        {
            settings.Timeout = ShortTimeout;
        }
        var names = NamesOf(settings);
        var pools = new NpgsqlDataSource[hosts.Length];
        var watched = hosts.Select((host, place) => new WatchedHost(names[place], Check(settings, host))).ToList();
        var watch = new PrimaryWatch(watched, host => pools[host].Clear(), clock, _log);
        for (var place = 0; place < hosts.Length; place++)
        {
            var host = place;
            pools[host] = Pool(settings, hosts[host], $"{application} {names[host]}", async opened =>
                watch.Opened(host, await ServerAnswer.AskAsync(opened, HostLook.Seconds))
            );
        }
        return new PostgresSource(pools, watch);
    }

    NpgsqlDataSource Pool(NpgsqlConnectionStringBuilder settings, string host, string name, Func<NpgsqlConnection, Task> check)
    {
        // Without a name the pool's label would be the connection string.
        var builder = new NpgsqlDataSourceBuilder(OfOneHost(settings, host).ConnectionString) { Name = name };
        builder.UseLoggerFactory(new OneLineLoggers(loggers));
        builder.UsePhysicalConnectionInitializer(opened => check(opened).GetAwaiter().GetResult(), check);
        return builder.Build();
    }

    static HostLook Check(NpgsqlConnectionStringBuilder settings, string host)
    {
        var single = OfOneHost(settings, host);
        (single.Pooling, single.CancellationTimeout) = (false, -1);
        (single.Timeout, single.CommandTimeout) = (HostLook.Seconds, HostLook.Seconds);
        single.ApplicationName = $"{settings.ApplicationName} watch";
        var builder = new NpgsqlDataSourceBuilder(single.ConnectionString) { Name = $"{single.ApplicationName} {host}" };
        // A trace each second would tell nothing.
        builder.ConfigureTracing(traces => traces.ConfigureCommandFilter(_ => false).EnablePhysicalOpenTracing(false));
        return new HostLook(builder.Build());
    }

    // What Npgsql would choose between hosts by says nothing about one host, and is an error there.
    static NpgsqlConnectionStringBuilder OfOneHost(NpgsqlConnectionStringBuilder settings, string host) =>
        new(settings.ConnectionString)
        {
            Host = host,
            TargetSessionAttributes = null,
            LoadBalanceHosts = false,
        };
}
