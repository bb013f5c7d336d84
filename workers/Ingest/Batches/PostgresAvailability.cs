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

    /// <summary>The last attempt of a door, or of the parked loop, failed and is going to be repeated.</summary>
    /// <param name="door">The door.</param>
    /// <param name="failure">Why.</param>
    /// <param name="command">The command that stands alone in its batch, where one does.</param>
    public void Away(string door, Exception failure, Guid? command = null)
    {
        if (Failure.SpoilsPool(failure))
        {
            postgres.Clear();
        }
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            readiness.Set(Condition, false, $"{Failure.ClassOf(failure)}, SQLSTATE {Failure.StateOf(failure)}");
            var absence = _absences.GetValueOrDefault(door) ?? new Absence(now, null);
            if (absence.Said is null || clock.GetElapsedTime(absence.Said.Value, now) >= SayAgainAfter)
            {
                absence = absence with { Said = now };
                Log(door, failure, command, clock.GetElapsedTime(absence.Since, now).TotalSeconds);
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

    void Log(string door, Exception failure, Guid? command, double seconds)
    {
        var alone = command is { } id ? $", command {id} alone" : "";
        switch (Failure.ClassOf(failure))
        {
            case FailureClass.Configuration:
                IngestLog.PostgresMisconfigured(log, door, Failure.LineOf(failure), seconds);
                break;
            case FailureClass.Unknown:
                IngestLog.PostgresUnknown(log, door, Failure.LineOf(failure), alone, seconds, failure);
                break;
            default:
                IngestLog.PostgresAway(log, door, Failure.LineOf(failure), alone, seconds);
                break;
        }
    }

    // Timestamps: since when, and when it was said last.
    sealed record Absence(long Since, long? Said);
}
