using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Ingest.Postgres;
using Npgsql;

namespace Betting.Ingest.Parking.Tables;

/// <summary>A parked command that cannot be released: it cannot be read, or the database takes no outcome of it; and why.</summary>
readonly record struct UnreadableParked(Guid Id, string Because);

/// <summary>Parked commands as they were read: those that can be decided, and the others.</summary>
readonly record struct LoadedParked(List<ParkedCommand> Parked, List<UnreadableParked> Unreadable);

/// <summary>The table <c>parked_commands</c>.</summary>
static class ParkedCommands
{
    /// <summary>
    /// The condition that a command is not quarantined, for look-ups by what it waits for. The form <c>IS NULL</c> would let the planner
    /// read the whole index on deadlines for each look-up, which has that condition: in a table that it takes for empty, that costs the
    /// same.
    /// </summary>
    internal const string IsReleased = "coalesce(quarantined_because, '') = ''";

    /// <summary>
    /// Locks and reads what <paramref name="brought"/> may release and what waits for the bets of those in turn,
    /// <paramref name="most"/> of them if there are so many.
    /// </summary>
    /// <remarks>
    /// OFFSET 0 keeps the planner from turning the look-ups round: a plan made while nothing was parked would else read the
    /// whole table for every batch, once thousands are.
    /// </remarks>
    public static NpgsqlBatchCommand Load(IReadOnlyCollection<WaitKey> brought, int most) =>
        new(
            $"""
            WITH RECURSIVE released AS (
                SELECT p.command_id, p.brings_bet FROM unnest($1, $2) AS k(waits_for, waits_id)
                CROSS JOIN LATERAL (SELECT command_id, brings_bet FROM parked_commands
                    WHERE waits_id = k.waits_id AND waits_for = k.waits_for AND {IsReleased} OFFSET 0) p
                UNION
                SELECT p.command_id, p.brings_bet FROM released r
                CROSS JOIN LATERAL (SELECT command_id, brings_bet FROM parked_commands
                    WHERE waits_id = r.brings_bet AND waits_for = 'bet' AND {IsReleased} OFFSET 0) p
            )
            SELECT {ParkedRow.Columns} FROM parked_commands p
            WHERE command_id = ANY(ARRAY(SELECT command_id FROM released LIMIT $3))
            ORDER BY command_id
            FOR UPDATE
            """
        )
        {
            Parameters =
            {
                ArrayParameter.Texts(brought.Select(key => WaitForText.Of(key.For))),
                ArrayParameter.Ids(brought.Select(key => key.Id)),
                new NpgsqlParameter<int> { TypedValue = most },
            },
        };

    /// <summary>
    /// What is next to be released of those that wait for <paramref name="key"/>, in issue order; ties go to who was parked first.
    /// </summary>
    public static NpgsqlBatchCommand Next(WaitKey key, int most) =>
        new(
            $"""
            SELECT n.command_id, n.brings_bet, (SELECT count(*) FROM (SELECT FROM parked_commands w
                WHERE w.waits_id = n.brings_bet AND w.waits_for = 'bet' AND {IsReleased} LIMIT $3) x)::int
            FROM (SELECT command_id, brings_bet, issued_at, parked_at FROM parked_commands
                  WHERE waits_id = $2 AND waits_for = $1 AND {IsReleased}
                  ORDER BY issued_at, parked_at, command_id LIMIT $3) n
            ORDER BY n.issued_at, n.parked_at, n.command_id
            """
        )
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = WaitForText.Of(key.For) },
                new NpgsqlParameter<long> { TypedValue = key.Id },
                new NpgsqlParameter<int> { TypedValue = most },
            },
        };

    public static async Task<List<NextParked>> ReadNextAsync(NpgsqlDataReader rows, CancellationToken cancellation)
    {
        var next = new List<NextParked>();
        while (await rows.ReadAsync(cancellation))
        {
            next.Add(
                new NextParked(rows.GetGuid(0), await rows.IsDBNullAsync(1, cancellation) ? null : rows.GetInt64(1), rows.GetInt32(2))
            );
        }
        return next;
    }

    /// <summary>Locks and reads the commands <paramref name="ids"/>, and those that wait for <paramref name="bets"/>.</summary>
    public static NpgsqlBatchCommand Load(IReadOnlyCollection<Guid> ids, IReadOnlyCollection<long> bets) =>
        new(
            $"""
            SELECT {ParkedRow.Columns} FROM parked_commands p
            WHERE (command_id = ANY($1) OR (waits_id = ANY($2) AND waits_for = 'bet')) AND {IsReleased}
            ORDER BY command_id
            FOR UPDATE
            """
        )
        {
            Parameters = { ArrayParameter.Uuids(ids), ArrayParameter.Ids(bets) },
        };

    public static async Task<LoadedParked> ReadAsync(NpgsqlDataReader rows, CancellationToken cancellation)
    {
        var loaded = new LoadedParked([], []);
        while (await rows.ReadAsync(cancellation))
        {
            if (ParkedRow.TryRead(rows, out var parked, out var because))
            {
                loaded.Parked.Add(parked);
            }
            else
            {
                loaded.Unreadable.Add(new UnreadableParked(rows.GetGuid(0), because));
            }
        }
        return loaded;
    }

    /// <summary>Leaves commands out of every release and deadline from now on.</summary>
    public static NpgsqlBatchCommand Quarantine(IReadOnlyCollection<UnreadableParked> unreadable) =>
        new(
            """
            UPDATE parked_commands SET quarantined_because = u.because FROM unnest($1, $2) AS u(id, because) WHERE command_id = u.id
            """
        )
        {
            Parameters =
            {
                ArrayParameter.Uuids(unreadable.Select(row => row.Id)),
                ArrayParameter.Texts(unreadable.Select(row => row.Because)),
            },
        };

    /// <summary>Keeps commands that wait; one that waited before waits for something else now, its deadline stays.</summary>
    public static NpgsqlBatchCommand Save(IReadOnlyCollection<ParkedCommand> parked) =>
        new(
            """
            INSERT INTO parked_commands (command_id, waits_for, waits_id, command, brings_bet, issued_at, parked_at, deadline)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS p(id, waits_for, waits_id, command, brings_bet, issued_at, parked_at,
                deadline)
            ORDER BY p.id
            ON CONFLICT (command_id) DO UPDATE SET waits_for = excluded.waits_for, waits_id = excluded.waits_id
            """
        )
        {
            Parameters =
            {
                ArrayParameter.Uuids(parked.Select(row => row.Command.Id)),
                ArrayParameter.Texts(parked.Select(row => WaitForText.Of(row.Wait.For))),
                ArrayParameter.Ids(parked.Select(row => row.Wait.Id)),
                ArrayParameter.Texts(parked.Select(row => CommandText.Of(row.Command))),
                ArrayParameter.OptionalIds(parked.Select(row => (row.Command as PlaceBet)?.BetId)),
                ArrayParameter.Moments(parked.Select(row => (DateTime?)row.Command.IssuedAt)),
                ArrayParameter.Moments(parked.Select(row => (DateTime?)row.ParkedAt)),
                ArrayParameter.Moments(parked.Select(row => (DateTime?)row.Deadline)),
            },
        };

    public static NpgsqlBatchCommand Remove(IEnumerable<Guid> ids) =>
        new("DELETE FROM parked_commands WHERE command_id = ANY($1)") { Parameters = { ArrayParameter.Uuids(ids) } };
}
