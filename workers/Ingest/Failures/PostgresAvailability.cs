using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Failures;

/// <summary>
/// Whether PostgreSQL takes batches. Throws away pooled sessions that may be why it does not.
/// A refusal that only an operator can mend, or that nobody knows, is logged on its own once a minute.
/// </summary>
public sealed class PostgresAvailability(
    PostgresSource postgres,
    Outages outages,
    StoreFailures failures,
    TimeProvider clock,
    ILogger<PostgresAvailability> log
)
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "postgres";

    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);
    readonly Lock _gate = new();
    readonly Dictionary<string, Refusal> _refusals = [];

    /// <summary>The worker is not ready before PostgreSQL was <see cref="Reached"/>.</summary>
    public void Require() => outages.Require(Stores.Postgres);

    /// <summary>PostgreSQL has answered a first time.</summary>
    public void Reached() => outages.Reached(Stores.Postgres);

    /// <summary>An attempt begins: where it takes long, PostgreSQL is asked whether it answers at all.</summary>
    /// <param name="door">The door, or the parked loop.</param>
    /// <param name="abandoned">Nothing is reported of the attempt after it.</param>
    /// <returns>To be disposed at the end of the attempt.</returns>
    public IDisposable Attempt(string door, CancellationToken abandoned = default) =>
        new WatchedAttempt(postgres, detail => outages.Failed(Stores.Postgres, door, detail), failures, clock, abandoned);

    /// <summary>The last attempt of a door, or of the parked loop, failed and is going to be repeated.</summary>
    /// <param name="door">The door.</param>
    /// <param name="failure">Why.</param>
    /// <param name="command">The command that stands alone in its batch, where one does.</param>
    public void MarkUnavailable(string door, Exception failure, Guid? command = null)
    {
        BeginAnew(failure);
        var kind = Failure.ClassOf(failure);
        if (kind is FailureClass.Configuration or FailureClass.Unknown)
        {
            outages.Failed(Stores.Postgres, door, $"{kind}, SQLSTATE {Failure.StateOf(failure)}");
            Log(door, kind, failure, command);
        }
        else if (kind == FailureClass.TooMuch)
        {
            var state = Failure.StateOf(failure);
            outages.Failed(Stores.Postgres, door, $"{kind}, SQLSTATE {state}: statements get no answer in time; a lock, or overload?");
        }
        else
        {
            outages.Failed(Stores.Postgres, door, failures.Recognise(failure)?.Detail ?? Failure.LineOf(failure));
        }
    }

    /// <summary>Its last attempt was a success.</summary>
    public void MarkAvailable(string door)
    {
        lock (_gate)
        {
            _refusals.Remove(door);
        }
        outages.Succeeded(Stores.Postgres, door);
    }

    /// <summary>
    /// Too many commands are refused for the data to be the cause: the door stands, and nothing more is put aside, until an operator mends
    /// it.
    /// </summary>
    /// <param name="door">The door.</param>
    /// <param name="inARow">Commands of one kind refused since the last one that was accepted.</param>
    /// <param name="failure">The first refusal of the batch.</param>
    public void RefusesEverything(string door, int inARow, Exception failure)
    {
        BeginAnew(failure);
        outages.Failed(Stores.Postgres, door, $"{inARow} commands in a row are refused, SQLSTATE {Failure.StateOf(failure)}");
        Log(door, FailureClass.Data, failure, null, inARow);
    }

    /// <summary>The door abandoned its batches: what they met says nothing about those that it gets next.</summary>
    /// <remarks>While PostgreSQL is really away, the parked loop goes on saying so.</remarks>
    public void Forget(string door) => MarkAvailable(door);

    // Attempts and looks use their sessions each second, so none of them is ever idle long enough to be closed.
    void BeginAnew(Exception failure)
    {
        if (Failure.MayBeTheSession(failure))
        {
            postgres.Clear();
        }
    }

    void Log(string door, FailureClass kind, Exception failure, Guid? command, int inARow = 0)
    {
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            var refusal = _refusals.GetValueOrDefault(door) ?? new Refusal(now, null);
            if (refusal.Said is null || clock.GetElapsedTime(refusal.Said.Value, now) >= SayAgainAfter)
            {
                refusal = refusal with { Said = now };
                var seconds = clock.GetElapsedTime(refusal.Since, now).TotalSeconds;
                if (kind == FailureClass.Data)
                {
                    IngestLog.EverythingRefused(log, door, inARow, Failure.LineOf(failure), seconds);
                }
                else if (kind == FailureClass.Configuration)
                {
                    IngestLog.PostgresMisconfigured(log, door, Failure.LineOf(failure), seconds);
                }
                else
                {
                    IngestLog.PostgresUnknown(
                        log,
                        door,
                        Failure.LineOf(failure),
                        command is { } id ? $", command {id} alone" : "",
                        seconds,
                        failure
                    );
                }
            }
            _refusals[door] = refusal;
        }
    }

    // Timestamps: since when, and when it was said last.
    sealed record Refusal(long Since, long? Said);
}
