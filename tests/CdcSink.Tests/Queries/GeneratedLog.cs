using System.Text.Json;
using Betting.Debezium;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>One history twice: as records of the stream, and as rows of PostgreSQL's history tables.</summary>
sealed class GeneratedLog
{
    readonly Made _made = new();

    public List<StreamRecord> Records { get; } = [];

    /// <summary>
    /// Rows of <c>user_history</c>, <c>event_history</c> and <c>bet_history</c> with their table, in the order of commit.
    /// </summary>
    public List<(string Table, object?[] Row)> History { get; } = [];

    public void Write(GeneratedUser user, string op, DateTime at)
    {
        History.Add(("user_history", [at, user.Id, false, user.Name, user.CreatedAt]));
        Add(
            "users",
            op,
            user.Id,
            new
            {
                id = user.Id,
                name = user.Name,
                created_at = user.CreatedAt,
            },
            at
        );
    }

    public void Write(GeneratedEvent played, string op, DateTime at)
    {
        History.Add(("event_history", [at, played.Id, false, played.Name, played.Category, played.StartTime, played.Status]));
        Add(
            "events",
            op,
            played.Id,
            new
            {
                id = played.Id,
                name = played.Name,
                category = played.Category,
                start_time = played.StartTime,
                status = played.Status,
            },
            at
        );
    }

    public void Write(GeneratedBet bet, string op, DateTime at)
    {
        History.Add(("bet_history", Row(bet, isDeleted: false, at)));
        Add(bet, op, at);
    }

    /// <summary>A read of a snapshot that somebody asked for later: it repeats the state and changes nothing.</summary>
    public void ReadAgain(GeneratedBet bet, DateTime at) => Add(bet, "r", at);

    /// <param name="table">users, events or bets.</param>
    /// <param name="id">Its key.</param>
    /// <param name="last">The row as it was.</param>
    /// <param name="at">When it is committed.</param>
    public void Delete(string table, long id, object? last, DateTime at)
    {
        History.Add((table[..^1] + "_history", last is GeneratedBet bet ? Row(bet, isDeleted: true, at) : [at, id, true]));
        Records.Add(_made.Change(table, "d", null, Key(id), committedMs: Milliseconds(at)));
    }

    void Add(GeneratedBet bet, string op, DateTime at) =>
        Add(
            "bets",
            op,
            bet.Id,
            new
            {
                id = bet.Id,
                user_id = bet.UserId,
                event_id = bet.EventId,
                status = bet.Status,
                amount = bet.Amount,
                payout = bet.Payout,
                placed_at = bet.PlacedAt,
                settled_at = bet.SettledAt,
            },
            at
        );

    void Add(string table, string op, long id, object row, DateTime at) =>
        Records.Add(_made.Change(table, op, JsonSerializer.Serialize(row), Key(id), op == "r" ? "true" : "false", Milliseconds(at)));

    static object?[] Row(GeneratedBet bet, bool isDeleted, DateTime at) =>
        [at, bet.Id, isDeleted, bet.UserId, bet.EventId, bet.Status, bet.Amount, bet.Payout, bet.PlacedAt, bet.SettledAt];

    static string Key(long id) => $$"""{"id":{{id}}}""";

    static long Milliseconds(DateTime at) => new DateTimeOffset(at).ToUnixTimeMilliseconds();
}
