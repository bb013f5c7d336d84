namespace Betting.Tests.Local.Capture;

/// <summary>The statements behind the recordings "recommended" and "identity-default", one transaction an element.</summary>
static class LifeScript
{
    /// <param name="description">The long text that the recording has; it is stored out of line.</param>
    /// <param name="firstFence">Content of the message that the recording begins with.</param>
    /// <param name="lastFence">Content of the message that it ends with.</param>
    public static IReadOnlyList<(string Sql, object?[] Values)> Transactions(string description, string firstFence, string lastFence) =>
        [
            ("select pg_logical_emit_message(true, 'fence', $1)", [firstFence]),
            ("insert into users values (4, 'Grace', '2025-03-04 05:06:07+00')", []),
            ("insert into events values (4, 'Derby', 'football', '2025-12-01 20:00:00+00', 'SCHEDULED')", []),
            (
                """
                insert into bets select g, g % 4 + 1, g % 4 + 1, 'OPEN', g * 1.25, null,
                    timestamptz '2025-11-01 12:00:00+00' + g * interval '1 second', null
                from generate_series(5, 12) g
                """,
                []
            ),
            (
                """
                update bets set status = 'SETTLED', payout = 20, settled_at = '2025-11-01 20:00:00+00' where id = 5;
                update bets set status = 'CASHED_OUT', payout = 3.33, settled_at = '2025-11-01 20:00:01+00' where id = 6;
                update bets set status = 'CANCELLED', payout = 8.75, settled_at = '2025-11-01 20:00:02+00' where id = 7
                """,
                []
            ),
            ("update users set name = 'Ada Lovelace' where id = 1", []),
            ("update events set status = 'LIVE' where id = 1", []),
            ("update events set status = 'FINISHED' where id = 1", []),
            ("update events set name = 'City – United (replay)', category = 'cup' where id = 1", []),
            ("begin; update bets set amount = 1 where id = 5; rollback", []),
            (
                """
                insert into bets values (13, 4, 4, 'OPEN', 5, null, '2025-11-02 08:00:00+00', null);
                update bets set status = 'SETTLED', payout = 0, settled_at = '2025-11-02 09:00:00+00' where id = 13;
                delete from bets where id = 12
                """,
                []
            ),
            ("update bets set id = 102 where id = 2", []),
            ("update users set id = 33 where id = 3", []),
            ("update bets set user_id = 33 where user_id = 3", []),
            ("delete from bets where id = 4", []),
            ("delete from users where id = 2", []),
            ("insert into users values (2, 'Björn again', '2025-11-03 00:00:00+00')", []),
            ("update bets set user_id = 4, placed_at = '2025-12-31 23:59:59.999999+00' where id = 8", []),
            ("update bets set status = status where id = 9", []),
            ("alter table events add column description text", []),
            ("update events set description = $1 where id = 2", [description]),
            ("update events set status = 'LIVE' where id = 2", []),
            ("update events set status = 'FINISHED', description = 'short now' where id = 2", []),
            ("alter table bets add column channel text default 'web'", []),
            ("insert into bets values (14, 1, 2, 'OPEN', 7.77, null, '2025-11-04 08:00:00+00', null, 'app')", []),
            ("update bets set channel = 'shop' where id = 10", []),
            ("select pg_logical_emit_message(true, 'audit', 'in a transaction')", []),
            ("select pg_logical_emit_message(false, 'audit', 'outside one')", []),
            ("update bets set channel = null where id = 11", []),
            ("truncate bets", []),
            (
                """
                insert into bets values (1001, 1, 1, 'OPEN', 42.42, null, '2025-11-05 08:00:00+00', null);
                insert into bets values (1002, 33, 4, 'OPEN', 0.99, null, '2025-11-05 08:00:01+00', null, null)
                """,
                []
            ),
            ("select pg_logical_emit_message(true, 'fence', $1)", [lastFence]),
        ];
}
