using Betting.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Betting.Ingest.Batches;

/// <summary>
/// Whether PostgreSQL takes batches: seen in readiness, and said in the log when it changes and once a minute while it is
/// away. Throws away pooled connections that lead to a server which is gone or no longer the primary.
/// </summary>
public sealed class PostgresAvailability(NpgsqlDataSource postgres, Readiness readiness, TimeProvider clock, ILogger<PostgresAvailability> log)
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "postgres";

    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);

    readonly Lock _gate = new();
    long? _awaySince;
    long _said;

    public void Away(string door, Exception failure)
    {
        if (Failure.SpoilsPool(failure))
        {
            postgres.Clear();
        }
        readiness.Set(Condition, false, $"SQLSTATE {Failure.StateOf(failure)}");
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            if (_awaySince is null || clock.GetElapsedTime(_said, now) >= SayAgainAfter)
            {
                _awaySince ??= now;
                _said = now;
                IngestLog.PostgresAway(log, door, Failure.StateOf(failure), clock.GetElapsedTime(_awaySince.Value, now).TotalSeconds, failure);
            }
        }
    }

    public void Back(string door)
    {
        readiness.Set(Condition, true);
        lock (_gate)
        {
            if (_awaySince is { } since)
            {
                _awaySince = null;
                IngestLog.PostgresBack(log, door, clock.GetElapsedTime(since).TotalSeconds);
            }
        }
    }
}
