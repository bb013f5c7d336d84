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
    static readonly TimeSpan NoAnswer = TimeSpan.FromSeconds(3);

    readonly Lock _gate = new();
    readonly Dictionary<string, Absence> _absences = [];

    /// <summary>An attempt begins: where it has no end for some seconds, because nobody answers, that is seen as well.</summary>
    /// <returns>To be disposed at the end of the attempt.</returns>
    public IDisposable Attempt() => clock.CreateTimer(_ => readiness.Set(Condition, false, "no answer"), null, NoAnswer, Timeout.InfiniteTimeSpan);

    /// <summary>A door's, or the parked loop's, last attempt failed.</summary>
    public void Away(string door, Exception failure)
    {
        if (Failure.SpoilsPool(failure))
        {
            postgres.Clear();
        }
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            readiness.Set(Condition, false, $"SQLSTATE {Failure.StateOf(failure)}");
            var absence = _absences.GetValueOrDefault(door) ?? new Absence(now, null);
            if (absence.Said is null || clock.GetElapsedTime(absence.Said.Value, now) >= SayAgainAfter)
            {
                absence = absence with { Said = now };
                IngestLog.PostgresAway(log, door, Failure.StateOf(failure), clock.GetElapsedTime(absence.Since, now).TotalSeconds, failure);
            }
            _absences[door] = absence;
        }
    }

    /// <summary>Its last attempt was a success; ready again when everybody's was.</summary>
    public void Back(string door)
    {
        lock (_gate)
        {
            if (_absences.Remove(door, out var absence))
            {
                IngestLog.PostgresBack(log, door, clock.GetElapsedTime(absence.Since).TotalSeconds);
            }
            if (_absences.Count == 0)
            {
                readiness.Set(Condition, true);
            }
        }
    }

    // Timestamps: since when, and when it was said last.
    sealed record Absence(long Since, long? Said);
}
