using System.Globalization;
using System.Runtime.CompilerServices;
using Betting.Reconciler.Cut;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.Reconciler.Compare;

/// <summary>ClickHouse: the changes as of a snapshot, or the view that people query.</summary>
sealed class ClickHouseSide : IBetSide
{
    static readonly string[] Times = ["placed_at", "settled_at", "user_created_at", "event_start_time"];

    readonly ClickHouseClient _client;
    readonly string _source;

    ClickHouseSide(ClickHouseClient client, string name, string source) => (_client, Name, _source) = (client, name, source);

    public string Name { get; }

    /// <summary>Exactly what the snapshot saw, from the changes kept with their transaction ids.</summary>
    public static ClickHouseSide AsOf(ClickHouseClient client, ExactCut cut, int epoch) =>
        new(client, "ClickHouse as of the cut", AsOfSource(cut, epoch));

    /// <summary>The same as the view has to show it: times that DateTime64 cannot show are the nearest that it can.</summary>
    public static ClickHouseSide AsShown(ClickHouseClient client, ExactCut cut, int epoch, DateTime? from)
    {
        var shown = Times.Select(time =>
            $"if(isNull({time}), NULL, least(greatest({time}, toDateTime64('1900-01-01 00:00:00', 6, 'UTC')), "
            + $"toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC'))) AS {time}"
        );
        return new(
            client,
            "ClickHouse as of the cut",
            From($"(SELECT * REPLACE ({string.Join(", ", shown)}) FROM " + $"{AsOfSource(cut, epoch)})", from)
        );
    }

    /// <summary>What people see at this moment.</summary>
    /// <param name="client">ClickHouse.</param>
    /// <param name="from">Rows placed before may be gone and are left out; null for all.</param>
    public static ClickHouseSide View(ClickHouseClient client, DateTime? from) =>
        new(client, "the view bets_analytics", From("bets_analytics", from));

    public async Task<IReadOnlyList<DayTotals>> TotalsAsync(CancellationToken cancellation)
    {
        await using var rows = await _client.ExecuteReaderAsync(
            $"""
            SELECT {Columns.ClickHouseDay} AS day, toString(bet_status), count(), toString(sum(bet_amount)), toString(sum(ifNull(payout,
            0))),
                   toString(sum(toInt128({Columns.ClickHouseHash})))
            FROM {_source} GROUP BY 1, 2
            """,
            cancellationToken: cancellation
        );
        var totals = new List<DayTotals>();
        while (await rows.ReadAsync(cancellation))
        {
            totals.Add(
                new DayTotals(
                    rows.IsDBNull(0) ? null : rows.GetInt64(0),
                    rows.GetString(1),
                    Convert.ToInt64(rows.GetValue(2), CultureInfo.InvariantCulture),
                    decimal.Parse(rows.GetString(3), CultureInfo.InvariantCulture),
                    decimal.Parse(rows.GetString(4), CultureInfo.InvariantCulture),
                    Int128.Parse(rows.GetString(5), CultureInfo.InvariantCulture)
                )
            );
        }
        return totals;
    }

    public async IAsyncEnumerable<RowChecksum> RowsAsync(
        IReadOnlyCollection<long?> days,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        // A longer list does not fit into a URL: then all rows are read, and those of other days are passed over below.
        var isListed = days.Count <= ListLimits.Days;
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("days", isListed ? days.OfType<long>().ToArray() : []);
        parameters.AddParameter("all", !isListed);
        parameters.AddParameter("infinite", days.Contains(null));
        await using var rows = await _client.ExecuteReaderAsync(
            $$"""
            SELECT bet_id, {{Columns.ClickHouseDay}} AS day, {{Columns.ClickHouseHash}}, bet_version, user_version, event_version
            FROM {{_source}} WHERE {all:Bool} OR has({days:Array(Int64)}, day) OR (isNull(day) AND {infinite:Bool}) ORDER BY bet_id
            """,
            parameters,
            cancellationToken: cancellation
        );
        while (await rows.ReadAsync(cancellation))
        {
            long? day = rows.IsDBNull(1) ? null : rows.GetInt64(1);
            if (isListed || days.Contains(day))
            {
                yield return new RowChecksum(
                    rows.GetInt64(0),
                    day,
                    rows.GetInt64(2),
                    (ulong)rows.GetValue(3),
                    (ulong)rows.GetValue(4),
                    (ulong)rows.GetValue(5)
                );
            }
        }
    }

    public async Task<IReadOnlyDictionary<long, string[]>> ValuesAsync(IReadOnlyCollection<long> bets, CancellationToken cancellation)
    {
        var values = new Dictionary<long, string[]>();
        foreach (var part in bets.Chunk(ListLimits.Ids))
        {
            var parameters = new ClickHouseParameterCollection();
            parameters.AddParameter("bets", part);
            await using var rows = await _client.ExecuteReaderAsync(
                $$"""
                SELECT bet_id, {{string.Join(", ", Columns.All.Select(column => column.ClickHouse))}}
                FROM {{_source}} WHERE bet_id IN {bets:Array(Int64)}
                """,
                parameters,
                cancellationToken: cancellation
            );
            while (await rows.ReadAsync(cancellation))
            {
                values[rows.GetInt64(0)] = [.. Enumerable.Range(1, Columns.All.Count).Select(rows.GetString)];
            }
        }
        return values;
    }

    static string From(string source, DateTime? from) =>
        from is { } at
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"(SELECT * FROM {source} WHERE placed_at >= toDateTime64('{at:yyyy-MM-dd HH:mm:ss}', 6, 'UTC'))"
            )
            : source;

    static string AsOfSource(ExactCut cut, int epoch) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"bets_as_of_snapshot_unchecked(epoch = {epoch}, position = {cut.FencePosition}, xmax = {cut.Snapshot.XMax}, "
                + $"xip = [{string.Join(", ", cut.Snapshot.InProgress.Order())}], taken = '{cut.TakenAt:yyyy-MM-ddTHH:mm:ss.ffffffZ}')"
        );
}
