using Betting.Reconciler.Cut;

namespace Betting.Reconciler.Compare.Tables;

/// <summary>
/// A table of PostgreSQL that is compared by itself. The denormalised bets show only rows that a bet names; a row that is lost before
/// its first bet, as a new user's, shows here.
/// </summary>
/// <param name="Name">In PostgreSQL.</param>
/// <param name="Changes">ClickHouse's table of its changes.</param>
/// <param name="Columns">The id, then the others in the order of the bits of <c>not_sent</c>.</param>
sealed record ComparedTable(string Name, string Changes, IReadOnlyList<Column> Columns)
{
    static readonly Column Id = new("id", "id::text", "toString(id)");

    public static readonly ComparedTable Users = new(
        "users",
        "user_changes",
        [Id, Column.Text("name", "name"), Column.Time("created_at", "created_at")]
    );

    public static readonly ComparedTable Events = new(
        "events",
        "event_changes",
        [
            Id,
            Column.Text("name", "name"),
            Column.Text("category", "category"),
            Column.Time("start_time", "start_time"),
            Column.Text("status", "status"),
        ]
    );

    public static readonly IReadOnlyList<ComparedTable> All = [Users, Events];

    /// <summary>A subquery of ClickHouse: the table as the snapshot saw it, by the rule of <c>bets_as_of_snapshot</c>.</summary>
    public string AsOf(ExactCut cut, int epoch)
    {
        var seen = SeenChange.By(cut, epoch);
        var names = Columns.Skip(1).Select(column => column.Name);
        var values = names.Select(
            (name, bit) =>
                FormattableString.Invariant($"argMaxIf({name}, version, NOT deleted AND bitAnd(not_sent, {1 << bit}) = 0) AS {name}")
        );
        return $"""
            (SELECT id, {string.Join(", ", values)} FROM {Changes} WHERE {seen} GROUP BY id
             HAVING NOT argMax(deleted, version)
                AND max(version) > (SELECT max(version) FROM truncations WHERE table = '{Name}' AND {seen}))
            """;
    }
}
