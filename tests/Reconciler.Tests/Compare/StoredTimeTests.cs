using Betting.Reconciler.Compare;
using Betting.Tests.Fixtures;
using Betting.Tests.Reconciler.Worlds;
using Dapper;

namespace Betting.Tests.Reconciler.Compare;

/// <summary>Whatever time PostgreSQL can hold, the sink stores what the Reconciler's SQL says of it.</summary>
public sealed class StoredTimeTests(Pipeline pipeline) : IClassFixture<Pipeline>
{
    const string First = "4714-11-24 00:00:00+00 BC",
        Last = "294276-12-31 23:59:59.999999+00";

    static readonly string[] Edges =
    [
        First,
        "0001-12-31 23:59:59.999999+00 BC",
        "1899-12-31 23:59:59.999999+00",
        "1900-01-01 00:00:00+00",
        "1969-12-31 23:59:59.999999+00",
        "2000-01-01 00:00:00+00",
        "2299-12-31 23:59:59.999999+00",
        "9999-12-31 23:59:59.999999+00",
        "275760-09-12 23:59:59.999999+00",
        "294246-12-31 23:59:59.999999+00",
        "294247-01-10 00:00:00+00",
        "294247-01-10 04:00:25.2+00",
        "294247-01-10 04:00:54.775806+00",
        "294247-01-10 04:00:54.775807+00",
        "294247-01-10 04:00:54.775808+00",
        Last,
    ];

    [Fact]
    public async Task The_sink_stores_what_the_SQL_says_at_the_edges_of_the_range_and_a_run_finds_both_equal()
    {
        var random = new Random(11);
        var times = new[] { "infinity", "-infinity" }
            .Concat(Edges)
            .Select(edge => (edge, Offset: 0L))
            .Concat(Edges.SelectMany(edge => Enumerable.Range(0, TestSize.Of(30, 3_000)).Select(_ => (edge, Offset(edge, random)))))
            .ToList();
        await using var connection = await pipeline.Postgres.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            CREATE TABLE times AS SELECT n AS id, edge::timestamptz + micros * interval '1 microsecond' AS at
            FROM unnest(@edges, @micros) WITH ORDINALITY AS t(edge, micros, n);
            INSERT INTO users SELECT id, 'Ada', at FROM times;
            INSERT INTO events SELECT id, 'Final', 'football', at, 'LIVE' FROM times;
            INSERT INTO bets SELECT id, id, id, 'SETTLED', 1, NULL, at, at FROM times;
            """,
            new { edges = times.Select(time => time.edge).ToArray(), micros = times.Select(time => time.Item2).ToArray() }
        );

        var (code, output) = await pipeline.ReconcileAsync();

        Assert.True(code == 0, output);
        var (micros, day) = (StoredTime.Micros("at"), StoredTime.Day("at"));
        var said = await connection.QueryAsync<string>(
            $"SELECT concat(id, ' ', {micros}, ' ', coalesce({day}::text, 'infinity')) FROM times ORDER BY id"
        );
        Assert.Equal(times.Count, said.Count());
        Assert.Equal(said, await StoredAsync());
    }

    // The first and the last moment have a neighbour on one side only.
    static long Offset(string edge, Random random)
    {
        var most = random.Next(3) switch
        {
            0 => 3,
            1 => 2_000_000,
            _ => 200_000_000_000,
        };
        return random.NextInt64(edge == First ? 0 : -most, edge == Last ? 1 : most + 1);
    }

    async Task<List<string>> StoredAsync()
    {
        var stored = new List<string>();
        await using var rows = await pipeline.ClickHouse.ExecuteReaderAsync(
            $"""
            SELECT concat(toString(id), ' ', toString(toUnixTimestamp64Micro(placed_at)), ' ',
                          ifNull(toString({Columns.ClickHouseDay}), 'infinity'))
            FROM bet_changes FINAL ORDER BY id
            """
        );
        while (await rows.ReadAsync())
        {
            stored.Add(rows.GetString(0));
        }
        return stored;
    }
}
