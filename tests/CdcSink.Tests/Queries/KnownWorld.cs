using System.Globalization;
using Betting.Debezium;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>Three users, three events, seven bets, one correction and a rename, small enough to be counted on paper.</summary>
static class KnownWorld
{
    public static IEnumerable<StreamRecord> Records()
    {
        var made = new Made();
        StreamRecord User(long id, string name, string created, string committed) =>
            made.User(
                id,
                $$"""
                "name":"{{name}}","created_at":"{{created}}Z"
                """,
                committedMs: Milliseconds(committed)
            );
        StreamRecord Event(long id, string name, string category, string start, string status, string committed) =>
            made.Change(
                "events",
                "c",
                $$"""
                {"id":{{id}},"name":"{{name}}","category":"{{category}}","start_time":"{{start}}Z","status":"{{status}}"}
                """,
                $$"""{"id":{{id}}}""",
                committedMs: Milliseconds(committed)
            );
        StreamRecord Bet(
            long id,
            long user,
            long played,
            string amount,
            string placed,
            string committed,
            string status = "OPEN",
            string payout = "null",
            string settled = "null"
        ) =>
            made.Bet(
                id,
                $$"""
                "user_id":{{user}},"event_id":{{played}},"status":"{{status}}","amount":"{{amount}}","payout":{{payout}},"placed_at":"{{placed}}Z","settled_at":{{settled}}
                """,
                op: status == "OPEN" ? "c" : "u",
                committedMs: Milliseconds(committed)
            );

        yield return User(1, "Ada", "2025-01-10T00:00:00", "2025-01-10T00:00:00");
        yield return User(2, "Robert", "2025-02-05T00:00:00", "2025-02-05T00:00:00");
        yield return User(2, "Bob", "2025-02-05T00:00:00", "2025-02-06T00:00:00");
        yield return User(3, "Cy", "2025-03-10T00:00:00", "2025-03-10T00:00:00");
        yield return Event(10, "Cup", "football", "2025-03-01T18:00:00", "SCHEDULED", "2025-02-01T00:00:00");
        yield return Event(20, "Open", "tennis", "2025-03-15T12:00:00", "SCHEDULED", "2025-02-01T00:00:00");
        yield return Event(30, "Derby", "football", "2025-04-01T18:00:00", "SCHEDULED", "2025-02-01T00:00:00");

        yield return Bet(1, 1, 10, "100.00", "2025-02-28T10:00:00", "2025-02-28T10:00:00");
        yield return Bet(2, 2, 10, "50.00", "2025-03-01T17:30:00", "2025-03-01T17:30:00");
        yield return Event(10, "Cup", "football", "2025-03-01T18:00:00", "FINISHED", "2025-03-01T19:50:00");
        yield return Bet(
            1,
            1,
            10,
            "100.00",
            "2025-02-28T10:00:00",
            "2025-03-01T20:00:00",
            "SETTLED",
            "\"180.00\"",
            "\"2025-03-01T20:00:00Z\""
        );
        yield return Bet(
            2,
            2,
            10,
            "50.00",
            "2025-03-01T17:30:00",
            "2025-03-01T20:30:00",
            "SETTLED",
            "\"0.00\"",
            "\"2025-03-01T20:30:00Z\""
        );
        yield return Bet(
            2,
            2,
            10,
            "50.00",
            "2025-03-01T17:30:00",
            "2025-03-03T09:00:00",
            "SETTLED",
            "\"75.00\"",
            "\"2025-03-01T20:30:00Z\""
        );

        yield return Bet(3, 1, 20, "20.00", "2025-03-14T10:15:00", "2025-03-14T10:15:00");
        yield return Bet(
            3,
            1,
            20,
            "20.00",
            "2025-03-14T10:15:00",
            "2025-03-14T11:00:00",
            "CANCELLED",
            "\"20.00\"",
            "\"2025-03-14T11:00:00Z\""
        );
        yield return Bet(4, 3, 20, "40.00", "2025-03-15T11:59:00", "2025-03-15T11:59:00");
        yield return Bet(
            4,
            3,
            20,
            "40.00",
            "2025-03-15T11:59:00",
            "2025-03-15T12:30:00",
            "CASHED_OUT",
            "\"30.00\"",
            "\"2025-03-15T12:30:00Z\""
        );

        yield return Bet(5, 2, 30, "11.00", "2025-03-31T23:30:00", "2025-03-31T23:30:00");
        yield return Bet(7, 3, 30, "5.50", "2025-04-01T10:00:00", "2025-04-01T10:00:00");
        yield return Event(30, "Derby", "football", "2025-04-01T18:00:00", "LIVE", "2025-04-01T18:00:00");
        yield return Bet(6, 1, 30, "60.00", "2025-04-01T18:05:00", "2025-04-01T18:05:00");
    }

    static long Milliseconds(string moment) =>
        new DateTimeOffset(DateTime.Parse(moment, CultureInfo.InvariantCulture), TimeSpan.Zero).ToUnixTimeMilliseconds();
}
