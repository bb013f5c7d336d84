using Xunit;

namespace Betting.Tests.Local.ClickHouse;

/// <summary>What the pipeline's schema and workers ask of ClickHouse beside plain rows goes straight through.</summary>
[Collection(ClickHouseTests.Name)]
public sealed class DefinitionTests(ClickHouseHost host) : IAsyncLifetime
{
    readonly ClickHouseProcess _server = host.Server;
    readonly string _database = $"d_{Guid.NewGuid():N}";

    public async ValueTask InitializeAsync() => await _server.ExecuteAsync($"CREATE DATABASE {_database}");

    public async ValueTask DisposeAsync() => await _server.ExecuteAsync($"DROP DATABASE {_database} SYNC");

    [Fact]
    public async Task A_parameterised_view_takes_its_parameters()
    {
        await _server.ExecuteAsync($"CREATE TABLE {_database}.t (id UInt64, v UInt64) ENGINE = MergeTree ORDER BY id");
        await _server.ExecuteAsync($"CREATE VIEW {_database}.up_to AS SELECT id, v FROM {_database}.t WHERE id <= {{limit:UInt64}}");
        await _server.ExecuteAsync($"INSERT INTO {_database}.t SELECT number, number * 2 FROM numbers(100)");

        Assert.Equal(11UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM {_database}.up_to(limit = 10)"));
        Assert.Equal(21UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM {_database}.up_to(limit = {{n:UInt64}})", ("n", 20UL)));
    }

    [Fact]
    public async Task A_materialised_view_follows_inserts()
    {
        await _server.ExecuteAsync($"CREATE TABLE {_database}.source (k UInt64, v UInt64) ENGINE = MergeTree ORDER BY k");
        await _server.ExecuteAsync($"CREATE TABLE {_database}.sums (k UInt64, v UInt64) ENGINE = SummingMergeTree ORDER BY k");
        await _server.ExecuteAsync(
            $"CREATE MATERIALIZED VIEW {_database}.follow TO {_database}.sums AS SELECT k, v FROM {_database}.source"
        );

        (await _server.InsertAsync($"INSERT INTO {_database}.source FORMAT TSV", "1\t2\n1\t3\n"u8.ToArray())).Dispose();

        Assert.Equal(5UL, await _server.ScalarAsync<ulong>($"SELECT sum(v) FROM {_database}.sums"));
    }

    [Fact]
    public async Task Projections_alters_mutations_and_optimize_take_effect()
    {
        await _server.ExecuteAsync(
            $"""
            CREATE TABLE {_database}.bets (id UInt64, user_id UInt64, version UInt128, is_deleted UInt8, PROJECTION by_user (SELECT *
            ORDER BY user_id))
            ENGINE = ReplacingMergeTree(version, is_deleted) ORDER BY id SETTINGS deduplicate_merge_projection_mode = 'rebuild'
            """
        );
        await _server.ExecuteAsync($"INSERT INTO {_database}.bets SELECT number, number % 10, 1, 0 FROM numbers(1000)");
        await _server.ExecuteAsync($"INSERT INTO {_database}.bets SELECT number, number % 10, 2, 0 FROM numbers(1000)");
        await _server.ExecuteAsync($"ALTER TABLE {_database}.bets ADD COLUMN note String DEFAULT 'none'");
        await _server.ExecuteAsync($"ALTER TABLE {_database}.bets UPDATE note = 'seen' WHERE id < 10 SETTINGS mutations_sync = 1");
        await _server.ExecuteAsync($"ALTER TABLE {_database}.bets DELETE WHERE id >= 900 SETTINGS mutations_sync = 1");
        await _server.ExecuteAsync($"OPTIMIZE TABLE {_database}.bets FINAL");

        Assert.Equal(900UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM {_database}.bets"));
        Assert.Equal(10UL, await _server.ScalarAsync<ulong>($"SELECT countIf(note = 'seen') FROM {_database}.bets FINAL"));
        Assert.Equal(90UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM {_database}.bets WHERE user_id = 3"));
        Assert.Equal(
            0UL,
            await _server.ScalarAsync<ulong>($"SELECT count() FROM system.mutations WHERE database = '{_database}' AND NOT is_done")
        );
        Assert.Equal(1UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM system.projections WHERE database = '{_database}'"));
    }

    [Fact]
    public async Task Small_parts_are_merged_in_the_background()
    {
        await _server.ExecuteAsync(
            $"CREATE TABLE {_database}.parts (id UInt64) ENGINE = MergeTree ORDER BY id SETTINGS min_age_to_force_merge_seconds = 1"
        );
        for (int part = 0; part < 12; part++)
            await _server.ExecuteAsync($"INSERT INTO {_database}.parts SELECT number FROM numbers(10)");

        await Eventually.TrueAsync(
            async () =>
                await _server.ScalarAsync<ulong>(
                    $"SELECT count() FROM system.parts WHERE database = '{_database}' AND table = 'parts' AND active"
                ) == 1,
            "the parts are merged",
            seconds: 40
        );
        Assert.Equal(120UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM {_database}.parts"));
    }
}
