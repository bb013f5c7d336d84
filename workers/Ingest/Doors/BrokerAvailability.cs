using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Doors;

/// <summary>
/// Whether each door's broker answers: seen in readiness and in <c>ingest.broker.away</c>, and said in the log when it changes and
/// once a minute while it is away.
/// </summary>
public sealed class BrokerAvailability(StoreFailures stores, Readiness readiness, IngestMetrics metrics, TimeProvider clock, ILogger<BrokerAvailability> log)
{
    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);

    readonly Lock _gate = new();
    readonly Dictionary<string, Absence> _absences = [];

    /// <param name="door">The door, which is also the condition's name in readiness.</param>
    /// <param name="detail">What is wrong, in a few words without a secret.</param>
    public void Away(string door, string detail)
    {
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            var absence = _absences.GetValueOrDefault(door) ?? new Absence(now, null);
            if (absence.Said is null || clock.GetElapsedTime(absence.Said.Value, now) >= SayAgainAfter)
            {
                absence = absence with { Said = now };
                IngestLog.BrokerAway(log, AddressOf(door), door, detail, clock.GetElapsedTime(absence.Since, now).TotalSeconds);
            }
            _absences[door] = absence;
            readiness.Set(door, false, detail);
            metrics.BrokerAway(door, absence.Since);
        }
    }

    public bool IsAway(string door)
    {
        lock (_gate)
        {
            return _absences.ContainsKey(door);
        }
    }

    public void Back(string door)
    {
        lock (_gate)
        {
            if (_absences.Remove(door, out var absence))
            {
                IngestLog.BrokerBack(log, AddressOf(door), door, clock.GetElapsedTime(absence.Since).TotalSeconds);
            }
            metrics.BrokerAway(door, null);
            readiness.Set(door, true);
        }
    }

    string AddressOf(string door) => stores.AddressOf(door == KafkaDoor.Door ? Stores.Kafka : Stores.Rabbit);

    // Timestamps: since when, and when it was said last.
    sealed record Absence(long Since, long? Said);
}
