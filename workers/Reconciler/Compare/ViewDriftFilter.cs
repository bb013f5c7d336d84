using Betting.Debezium;
using Betting.Reconciler.Cut;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.Reconciler.Compare;

/// <summary>
/// The view shows this moment, the cut an earlier one. A row that differs is explained if a change after the cut made it so:
/// the row's own versions tell that for most, the changes tell it for the rest. Anything else is drift.
/// </summary>
sealed class ViewDriftFilter(ClickHouseClient client, ExactCut cut, int epoch)
{
    readonly ulong _fence = ChangeVersion.Of(epoch, streamed: true, (ulong)NpgsqlTypes.NpgsqlLogSequenceNumber.Parse(cut.FenceLsn)).Value;

    public async Task<IReadOnlyList<RowPair>> DriftAsync(IReadOnlyList<RowPair> pairs, CancellationToken cancellation)
    {
        var unexplained = pairs.Where(pair => !IsNewer(pair)).ToList();
        if (unexplained.Count == 0)
        {
            return unexplained;
        }
        var moving = await ChangedAfterAsync(unexplained.ConvertAll(pair => pair.Id), cancellation);
        return [.. unexplained.Where(pair => !moving.Contains(pair.Id))];
    }

    /// <summary>
    /// Whether the view's row was made of a change behind the fence, which the cut cannot have seen. A quick yes for nearly
    /// all rows that differ under load; where it is no, the changes are asked.
    /// </summary>
    public bool IsNewer(in RowPair pair) =>
        pair.Found is { } view && Math.Max(view.BetVersion, Math.Max(view.UserVersion, view.EventVersion)) > _fence;

    /// <summary>Which of these bets have a change, or a user or event with a change, that the cut did not see.</summary>
    async Task<HashSet<long>> ChangedAfterAsync(IReadOnlyCollection<long> bets, CancellationToken cancellation)
    {
        var unseen = "NOT " + SeenChange.By(cut, epoch);
        var changed = new HashSet<long>();
        foreach (var part in bets.Chunk(ListLimits.Ids))
        {
            var parameters = new ClickHouseParameterCollection();
            parameters.AddParameter("bets", part);
            await using var rows = await client.ExecuteReaderAsync(
                $$"""
                SELECT DISTINCT id FROM bet_changes WHERE id IN {bets:Array(Int64)}
                AND (({{unseen}})
                  OR user_id IN (SELECT id FROM user_changes WHERE {{unseen}})
                  OR event_id IN (SELECT id FROM event_changes WHERE {{unseen}})
                  OR (SELECT count() FROM truncations WHERE {{unseen}}) > 0)
                """,
                parameters,
                cancellationToken: cancellation
            );
            while (await rows.ReadAsync(cancellation))
            {
                changed.Add(rows.GetInt64(0));
            }
        }
        return changed;
    }
}
