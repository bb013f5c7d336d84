using Betting.Debezium;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CacheWarmer.Stream;

/// <summary>Logs what the changes of the bets that <see cref="LogOptions.Follow"/> names did to the counters. For one thread.</summary>
sealed class FollowedBets(FollowedIds ids, ILogger<FollowedBets> log)
{
    readonly List<Action> _lines = [];

    /// <summary>A batch is judged, maybe not for the first time.</summary>
    public void Begin() => _lines.Clear();

    /// <param name="record">Where it stood.</param>
    /// <param name="change">What it says.</param>
    /// <param name="meaning">What that means for the counters; null where it cannot be decoded.</param>
    public void Judged(ConsumeResult<byte[]?, byte[]?> record, in DecodedRecord change, ChangeMeaning? meaning)
    {
        if (ids.IsEmpty || change is not { Kind: RecordKind.RowChange, Table: SourceTable.Bets } || !ids.Bets.Contains(change.Id))
        {
            return;
        }
        var text = meaning == ChangeMeaning.Count ? "counted in Redis" : "contained in the counters' base";
        var (id, operation, version) = (change.Id, change.Operation, change.Version.Value);
        _lines.Add(() =>
            CacheWarmerLog.FollowedBet(log, id, operation, version, record.Topic, record.Partition.Value, record.Offset.Value, text)
        );
    }

    /// <summary>The batch that was judged last is applied.</summary>
    public void Applied()
    {
        _lines.ForEach(line => line());
        _lines.Clear();
    }
}
