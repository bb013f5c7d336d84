using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Lag;

/// <summary>
/// Logs why <c>data_as_of</c> does not go on although the stream does: at the first look, then once a minute, and once when it is over. For
/// one thread.
/// </summary>
public sealed class ProofReport(TimeProvider clock, ILogger<ProofReport> log)
{
    static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    long? _heldLogged,
        _missingLogged;
    string _heldId = "";

    /// <summary>What ClickHouse says of holds.</summary>
    public void Holds(OpenHolds holds)
    {
        if (holds.Count == 0)
        {
            if (_heldLogged is not null)
            {
                CdcSinkLog.HoldsEnded(log);
            }
            _heldLogged = null;
        }
        else if (IsDue(_heldLogged) || holds.Id != _heldId)
        {
            (_heldLogged, _heldId) = (clock.GetTimestamp(), holds.Id);
            CdcSinkLog.Held(log, holds.From > DateTimeOffset.UnixEpoch ? $"{holds.From:u}" : "NULL", holds.Reason, holds.Id, holds.Count);
        }
    }

    /// <summary>The partitions of rows that ClickHouse knows and Kafka does not have.</summary>
    public void Missing(IReadOnlyCollection<(string Topic, int Partition)> partitions)
    {
        if (partitions.Count == 0)
        {
            _missingLogged = null;
        }
        else if (IsDue(_missingLogged))
        {
            _missingLogged = clock.GetTimestamp();
            CdcSinkLog.PartitionsMissing(log, string.Join(", ", partitions.Select(each => $"{each.Topic}/{each.Partition}")));
        }
    }

    bool IsDue(long? logged) => logged is not { } last || clock.GetElapsedTime(last) >= LogEvery;
}
