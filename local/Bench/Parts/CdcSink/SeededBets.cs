using System.Globalization;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>Many bets that are there already: written by the engine itself, as the worker would have left them.</summary>
static class SeededBets
{
    // Low versions of epoch 1, all streamed: what the worker writes afterwards is newer.
    const string Version = "bitShiftLeft(toUInt64(3), 56) + 8 * (number + 1)";

    /// <summary>A year's worth of ids is not more than this.</summary>
    const int Chunk = 1_000_000;

    /// <param name="database">With the worker's schema, empty.</param>
    /// <param name="bets">Ids 1 to this.</param>
    /// <param name="users">Ids 1 to this, registered over the same time.</param>
    /// <param name="events">Ids 1 to this.</param>
    /// <param name="months">Over so many months up to now the bets were placed, ids in the order of time.</param>
    /// <param name="hot">So many of the last bets are on event 1.</param>
    /// <param name="say">Told how far it is.</param>
    /// <param name="cancellation">Ends it between two statements.</param>
    public static async Task WriteAsync(
        SinkDatabase database,
        long bets,
        long users,
        long events,
        int months,
        long hot,
        Action<string> say,
        CancellationToken cancellation
    )
    {
        await database.RunAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"INSERT INTO user_changes (id, version, committed_at, topic, name, created_at) SELECT number + "
                    + $"1, {Version}, now64(6), 'seed', concat('user ', toString(number + 1)), now64(6) - "
                    + $"toIntervalSecond(intHash64(number) % ({months} * 2592000)) FROM numbers({users})"
            ),
            cancellation
        );
        await database.RunAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"INSERT INTO event_changes (id, version, committed_at, topic, name, category, start_time, "
                    + $"status) SELECT number + 1, {Version}, now64(6), 'seed', concat('event ', toString(number + 1)), ['football', "
                    + $"'tennis', 'racing', 'darts', 'chess'][number % 5 + 1], now64(6), 'SCHEDULED' FROM numbers({events})"
            ),
            cancellation
        );
        for (var from = 0L; from < bets; from += Chunk)
        {
            say($"  seeding bets {from:N0} of {bets:N0}");
            var count = Math.Min(Chunk, bets - from);
            await database.RunAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    INSERT INTO bet_changes (id, version, committed_at, topic, user_id, event_id, status, amount, payout, placed_at,
                    settled_at)
                    SELECT number + 1, {Version}, placed_at, 'seed', 1 + intHash64(number) % {users}, if(number >= {bets - hot}, 1,
                    1 + intHash64(number * 7) % {events}),
                        ['OPEN', 'SETTLED', 'SETTLED', 'SETTLED', 'CASHED_OUT', 'CANCELLED'][number % 6 + 1] AS status,
                        toDecimal64(1 + number % 200, 2),
                        if(status = 'SETTLED', toDecimal64(2 * (number % 200), 2), NULL),
                        now64(6) - toIntervalSecond(toUInt64({months} * 2592000. * ({bets} - number) / {bets})) AS placed_at,
                        if(status = 'OPEN', NULL, placed_at + toIntervalHour(2))
                    FROM numbers({from}, {count})
                    """
                ),
                cancellation
            );
            await database.RunAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    INSERT INTO bets_analytics_rows (bet_id, bet_status, bet_amount, payout, placed_at, settled_at, user_id, user_name,
                    user_created_at, event_id, event_name,
                        event_category, event_start_time, event_status, bet_version, user_version, event_version, version)
                    SELECT bet.id, bet.status, bet.amount, bet.payout, bet.placed_at, bet.settled_at, bet.user_id, usr.name, usr.created_at,
                    bet.event_id, played.name,
                        played.category, played.start_time, played.status, bet.version, usr.version, played.version,
                        bitOr(bitShiftLeft(toUInt128(bet.version), 64), toUInt128(usr.version + played.version))
                    FROM bet_changes AS bet ANY LEFT JOIN user_changes AS usr ON usr.id = bet.user_id ANY LEFT JOIN event_changes AS played ON played.id = bet.event_id
                    WHERE bet.id > {from} AND bet.id <= {from + count} SETTINGS max_partitions_per_insert_block = 0
                    """
                ),
                cancellation
            );
        }
    }
}
