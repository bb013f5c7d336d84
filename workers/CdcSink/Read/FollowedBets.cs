using Betting.CdcSink.Messages;
using Betting.Debezium;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Read;

/// <summary>Logs the way of the bets that <see cref="LogOptions.Follow"/> names from their records to ClickHouse.</summary>
public sealed class FollowedBets(FollowedIds ids, ILogger<FollowedBets> log)
{
    /// <summary>A record was decoded and is part of the next batch.</summary>
    public void Read(in StreamRecord record, in DecodedRecord decoded)
    {
        if (!ids.IsEmpty && decoded is { Kind: RecordKind.RowChange, Table: SourceTable.Bets } && ids.Bets.Contains(decoded.Id))
        {
            CdcSinkLog.FollowedRead(
                log,
                decoded.Id,
                decoded.Operation,
                decoded.Version.Value,
                decoded.TransactionId,
                record.Topic,
                record.Partition,
                record.Offset
            );
        }
    }

    /// <summary>A batch is applied: its changes and the rows made from them are in ClickHouse.</summary>
    public void Applied(ChangeBatch batch)
    {
        foreach (var bet in ids.Bets)
        {
            if (batch.Touched.Bets.Contains(bet))
            {
                CdcSinkLog.FollowedVisible(log, bet);
            }
        }
    }
}
