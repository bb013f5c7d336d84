using Betting.Schema;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

public sealed class MigratorTests(Servers servers)
{
    [Fact]
    public async Task A_file_is_applied_once_and_a_changed_one_is_refused()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        Assert.Equal([], (await ClickHouseMigrator.MigrateAsync(sink.ConnectionString)).Applied);
        Assert.Contains("0001_changes.sql", await sink.QueryAsync("SELECT name FROM schema_files"));
        await sink.Client.ExecuteNonQueryAsync("TRUNCATE TABLE schema_files");
        await sink.Client.ExecuteNonQueryAsync("INSERT INTO schema_files (name, hash) VALUES ('0001_changes.sql', 'other')");
        await Assert.ThrowsAsync<SchemaException>(() => ClickHouseMigrator.MigrateAsync(sink.ConnectionString));
    }

    [Fact]
    public async Task Comments_are_applied_again_when_they_have_changed_and_only_then()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE bet_changes MODIFY COMMENT 'other'");
        Assert.Equal([], (await ClickHouseMigrator.MigrateAsync(sink.ConnectionString)).Applied);
        await sink.Client.ExecuteNonQueryAsync(
            "INSERT INTO schema_files (name, hash, applied_at) VALUES ('comments.sql', 'former', now64(3) + 1)"
        );

        Assert.Equal(["comments.sql"], (await ClickHouseMigrator.MigrateAsync(sink.ConnectionString)).Applied);

        Assert.NotEqual(
            ["other"],
            await sink.QueryAsync("SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = 'bet_changes'")
        );
    }

    [Fact]
    public async Task A_file_that_was_cut_off_half_way_can_be_applied_again()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var files = await sink.QueryAsync("SELECT name FROM schema_files ORDER BY name");
        await sink.Client.ExecuteNonQueryAsync("TRUNCATE TABLE schema_files");

        Assert.Equal(files, (await ClickHouseMigrator.MigrateAsync(sink.ConnectionString)).Applied);
    }
}
