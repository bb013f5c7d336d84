using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Betting.Connections;

/// <summary>
/// Refuses a primary that is older than one of the same cluster that is known. A former primary that is started again after its standby was promoted says
/// of itself that it is the primary, and what it is told is lost. Its timeline is lower: each promotion begins a new one.
/// </summary>
/// <remarks>
/// Looked at whenever a session is opened. Where several hosts are named all of them are looked at besides: before the first session, and then at most every
/// few seconds, so that a worker leaves a primary that is still there when another one was promoted. Roles need no rights for it.
/// </remarks>
/// <param name="settings">The connection string; with its hosts.</param>
/// <param name="clock">Paces looks and lines.</param>
/// <param name="log">Is told of a primary that is refused, at most once a minute.</param>
sealed partial class PrimaryHistory(NpgsqlConnectionStringBuilder settings, TimeProvider clock, ILogger log)
{
    const string Question = """
        SELECT (SELECT system_identifier FROM pg_control_system()),
            CASE WHEN pg_is_in_recovery() THEN 0 ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
        """;

    const int LimitSeconds = 10;

    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5), SayEvery = TimeSpan.FromMinutes(1);

    readonly Lock _gate = new();
    readonly Dictionary<long, int> _newest = [];
    readonly string[] _hosts = (settings.Host ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    Task? _firstLook;
    long? _looked, _said;

    /// <summary>Called when a newer timeline than before was seen: pooled sessions may lead to the former primary.</summary>
    public Action OnPromotion { get; set; } = () => { };

    /// <summary>A session was opened.</summary>
    /// <exception cref="OlderPrimaryException">It leads to a primary that is older than a known one.</exception>
    public async Task CheckAsync(NpgsqlConnection opened)
    {
        await LookAtHostsAsync();
        if (await AskAsync(opened) is not { } place || Learn(place) is var newest && place.Timeline >= newest)
        {
            return;
        }
        var server = $"{opened.Host}:{opened.Port}";
        if (IsDue())
        {
            TellOlder(log, server, place.Timeline, newest);
        }
        throw new OlderPrimaryException($"{server} is a primary on timeline {place.Timeline}, and timeline {newest} is known: it was the primary before a promotion");
    }

    // Every session waits for the first look, also those that are opened while it goes on. Later ones are not waited for: a host that does not answer
    // would hold up each session.
    Task LookAtHostsAsync()
    {
        lock (_gate)
        {
            if (_hosts.Length > 1 && (_looked is not { } last || clock.GetElapsedTime(last) >= LookEvery))
            {
                _looked = clock.GetTimestamp();
                var look = Task.WhenAll(_hosts.Select(host => Task.Run(() => LookAsync(host))));
                _firstLook ??= look;
            }
            return _firstLook ?? Task.CompletedTask;
        }
    }

    async Task LookAsync(string host)
    {
        var single = new NpgsqlConnectionStringBuilder(settings.ConnectionString)
        {
            Host = host,
            Pooling = false,
            Multiplexing = false,
            Timeout = LimitSeconds,
            TargetSessionAttributes = null,
        };
        try
        {
            await using var connection = new NpgsqlConnection(single.ConnectionString);
            await connection.OpenAsync();
            if (await AskAsync(connection) is { } place)
            {
                Learn(place);
            }
        }
        catch (Exception away) when (away is NpgsqlException or SocketException or TimeoutException or IOException)
        {
            // Whoever works with it tells that it is away.
        }
    }

    /// <returns>Null for a standby, and where the server does not tell it.</returns>
    static async Task<(long System, int Timeline)?> AskAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Question, connection) { CommandTimeout = LimitSeconds };
        try
        {
            await using var row = await command.ExecuteReaderAsync();
            await row.ReadAsync();
            return row.GetInt32(1) is > 0 and var timeline ? (row.GetInt64(0), timeline) : null;
        }
        catch (PostgresException untold) when (untold.SqlState.StartsWith("42", StringComparison.Ordinal))
        {
            return null;
        }
    }

    /// <returns>The newest timeline of the cluster that is known.</returns>
    int Learn((long System, int Timeline) place)
    {
        int before;
        lock (_gate)
        {
            before = _newest.GetValueOrDefault(place.System);
            _newest[place.System] = Math.Max(before, place.Timeline);
        }
        if (before > 0 && place.Timeline > before)
        {
            OnPromotion();
        }
        return Math.Max(before, place.Timeline);
    }

    [LoggerMessage(25, LogLevel.Error, "PostgreSQL at {Server} says that it is the primary, on timeline {Timeline}, and timeline {Newest} is known: a former primary was started again. Nothing is told to it; end it, or make it a standby")]
    static partial void TellOlder(ILogger log, string server, int timeline, int newest);

    bool IsDue()
    {
        lock (_gate)
        {
            if (_said is { } said && clock.GetElapsedTime(said) < SayEvery)
            {
                return false;
            }
            _said = clock.GetTimestamp();
            return true;
        }
    }
}

/// <summary>A primary from before a promotion; nothing is told to it.</summary>
public sealed class OlderPrimaryException(string message) : NpgsqlException(message);
