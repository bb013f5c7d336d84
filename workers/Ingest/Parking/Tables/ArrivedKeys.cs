using Betting.Connections;
using Betting.Ingest.Decide;
using Npgsql;

namespace Betting.Ingest.Parking.Tables;

/// <summary>
/// Finds what parked commands wait for and is there, although no transaction of Ingest brought it. A look has a bounded cost
/// however much waits: it steps through the distinct keys of the index, a slice at a time, and the next look goes on behind it.
/// </summary>
/// <remarks>Replicas begin at different places, so they share the work without knowing of one another. Not thread-safe.</remarks>
public sealed class ArrivedKeys(PostgresSource postgres)
{
    /// <summary>Keys that one look goes through.</summary>
    public const int Slice = 5_000;

    /// <summary>True where what <c>parked_commands p</c> waits for is there.</summary>
    internal const string Arrived = """
        CASE p.waits_for
            WHEN 'user' THEN EXISTS (SELECT FROM wallets WHERE user_id = p.waits_id)
            WHEN 'event' THEN EXISTS (SELECT FROM events WHERE id = p.waits_id)
            WHEN 'bet' THEN EXISTS (SELECT FROM bets WHERE id = p.waits_id)
            ELSE false END
        """;

    // One descent of the index for each key, whatever number of commands waits for it. Quarantined commands are left out after the steps:
    // the condition within them would let a planner that knows nothing of the table read all of the index on deadlines at each step.
    const string HasWaiters = $"""
        WITH RECURSIVE p AS (
            (SELECT waits_id, waits_for, 1 AS number FROM parked_commands
             WHERE (waits_id, waits_for) > ($1, $2) ORDER BY waits_id, waits_for LIMIT 1)
            UNION ALL
            SELECT n.waits_id, n.waits_for, p.number + 1 FROM p CROSS JOIN LATERAL (
                SELECT waits_id, waits_for FROM parked_commands
                WHERE (waits_id, waits_for) > (p.waits_id, p.waits_for) ORDER BY waits_id, waits_for LIMIT 1) n
            WHERE p.number < $3
        ),
        looked_at AS (
            SELECT waits_id, waits_for, number, {Arrived} AND EXISTS (
                SELECT FROM parked_commands w
                WHERE w.waits_id = p.waits_id AND w.waits_for = p.waits_for AND {ParkedCommands.IsReleased}) AS has_come FROM p
        )
        SELECT waits_id, waits_for, has_come, number FROM looked_at WHERE has_come OR number = $3
        """;

    // What is due is looked at wherever the slices are: it is neither rejected nor released until its key is found.
    const string LookAtDue = $"""
        SELECT DISTINCT p.waits_id, p.waits_for FROM (
            SELECT waits_id, waits_for FROM parked_commands
            WHERE deadline <= (SELECT clock_timestamp()) AND quarantined_because IS NULL ORDER BY deadline LIMIT $1) p
        WHERE {Arrived}
        """;

    (long Id, string For) _after = (Random.Shared.NextInt64(), "");

    /// <summary>Looks at the next slice.</summary>
    public async Task<List<WaitKey>> NextAsync(CancellationToken cancellation)
    {
        var (found, at) = await HasWaitersAsync(_after, cancellation);
        // Where the end was reached before the slice was full, the beginning belongs to this look as well.
        if (at is null)
        {
            var (more, next) = await HasWaitersAsync((long.MinValue, ""), cancellation);
            found.UnionWith(more);
            at = next;
        }
        _after = at ?? (long.MinValue, "");
        return [.. found];
    }

    /// <summary>Looks at what is due.</summary>
    public async Task<List<WaitKey>> DueAsync(CancellationToken cancellation)
    {
        await using var command = await postgres.CreateCommandAsync(LookAtDue, cancellation);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Slice });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var keys = new List<WaitKey>();
        while (await rows.ReadAsync(cancellation))
        {
            keys.Add(new WaitKey(WaitForText.Read(rows.GetString(1))!.Value, rows.GetInt64(0)));
        }
        return keys;
    }

    // The keys that have come, and where a full slice ended.
    async Task<(HashSet<WaitKey> Found, (long Id, string For)? At)> HasWaitersAsync(
        (long Id, string For) after,
        CancellationToken cancellation
    )
    {
        await using var command = await postgres.CreateCommandAsync(HasWaiters, cancellation);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after.Id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = after.For });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Slice });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var (found, at) = (new HashSet<WaitKey>(), default((long, string)?));
        while (await rows.ReadAsync(cancellation))
        {
            if (rows.GetBoolean(2))
            {
                found.Add(new WaitKey(WaitForText.Read(rows.GetString(1))!.Value, rows.GetInt64(0)));
            }
            at = rows.GetInt32(3) == Slice ? (rows.GetInt64(0), rows.GetString(1)) : at;
        }
        return (found, at);
    }
}
