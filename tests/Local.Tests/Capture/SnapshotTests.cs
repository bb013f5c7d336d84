using System.Text.Json;
using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.Local.Capture;

public sealed class SnapshotTests(CaptureFixture fixture)
{
    const int Rows = 200_000;
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Killed_during_the_snapshot_it_takes_a_new_one_and_misses_no_change()
    {
        await using var stage = await fixture.StageAsync(partitions: 2);
        await stage.CreateTablesAsync();
        await stage.ExecuteAsync($"insert into users select g, 'user ' || g, now() from generate_series(1, {Rows}) g");
        await stage.StartCaptureAsync();
        await Deadline.UntilAsync("the snapshot's first rows", Patience, async () =>
            (await stage.StatusAsync()).GetProperty("sent").TryGetProperty(stage.Topics.Users, out _)
        );
        await stage.KillCaptureAsync();
        Assert.False(File.Exists(Path.Combine(stage.Data, "checkpoint.json")), "the snapshot was complete before the kill");
        await stage.ExecuteAsync(
            $"update users set name = 'renamed' where id = {Rows}; insert into users values ({Rows + 1}, 'new', now())"
        );
        await stage.StartCaptureAsync();
        await stage.FenceAsync();

        var records = stage.ReadAll(stage.Topics.Users).Select(record => JsonDocument.Parse(record.Message.Value!).RootElement).ToList();
        Assert.Single(records, record => Mark(record) == "last");
        Assert.Equal(Rows + 1, records.Select(record => record.GetProperty("after").GetProperty("id").GetInt32()).Distinct().Count());
        string last = records
            .Last(record => record.GetProperty("after").GetProperty("id").GetInt32() == Rows)
            .GetProperty("after")
            .GetProperty("name")
            .GetString()!;
        Assert.Equal("renamed", last);
    }

    [Fact]
    public async Task A_lost_checkpoint_means_a_new_snapshot_and_a_warning()
    {
        await using var stage = await fixture.StageAsync();
        await stage.CreateTablesAsync();
        await stage.ExecuteAsync("insert into users values (1, 'Ada', now())");
        await stage.StartCaptureAsync();
        await stage.StreamingAsync();
        await stage.StopCaptureAsync();
        File.Delete(Path.Combine(stage.Data, "checkpoint.json"));
        await stage.ExecuteAsync("insert into users values (2, 'Grace', now())");
        await stage.StartCaptureAsync();
        await stage.FenceAsync();

        Assert.Equal(
            [1, 1, 2],
            stage
                .ReadAll(stage.Topics.Users)
                .Select(record => JsonDocument.Parse(record.Message.Key!).RootElement.GetProperty("id").GetInt32())
        );
        Assert.Contains("no record of a completed snapshot", await File.ReadAllTextAsync(stage.LogFile), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_of_empty_tables_ends_with_the_last_row_there_is()
    {
        await using var stage = await fixture.StageAsync();
        await stage.CreateTablesAsync();
        await stage.ExecuteAsync("insert into users values (1, 'Ada', now()), (2, 'Grace', now())");
        await stage.StartCaptureAsync();
        await stage.FenceAsync();

        Assert.Equal(
            ["first", "last"],
            stage.ReadAll(stage.Topics.Users).Select(record => Mark(JsonDocument.Parse(record.Message.Value!).RootElement))
        );
    }

    [Fact]
    public async Task A_transaction_that_is_open_during_the_snapshot_comes_after_it()
    {
        await using var stage = await fixture.StageAsync();
        await stage.CreateTablesAsync();
        await stage.ExecuteAsync("insert into users values (1, 'Ada', now())");
        // A slot waits for transactions that began before it; this one begins while it waits, and is still open at the snapshot.
        await using var blocker = await stage.OpenAsync();
        await using var blocking = await blocker.BeginTransactionAsync();
        await RunAsync(blocker, "select txid_current()");
        await stage.StartCaptureAsync();
        await Deadline.UntilAsync("the slot's waiting", Patience, async () =>
            await stage.AskAsync<long>(
                "select count(*) from pg_stat_activity where backend_type = 'walsender' and wait_event_type = 'Lock'"
            ) > 0
        );
        await using var open = await stage.OpenAsync();
        await using var running = await open.BeginTransactionAsync();
        await RunAsync(open, "update users set name = 'Ada Lovelace' where id = 1");
        await blocking.CommitAsync();
        bool streams = await StreamsWithinAsync(stage, TimeSpan.FromSeconds(3));
        await running.CommitAsync();
        await stage.FenceAsync();

        var records = stage.ReadAll(stage.Topics.Users).Select(record => JsonDocument.Parse(record.Message.Value!).RootElement).ToList();
        // Whether the snapshot waits for the second transaction too is PostgreSQL's affair; either way its change is not lost.
        string[] expected = streams ? ["Ada", "Ada Lovelace"] : ["Ada Lovelace"];
        Assert.Equal(expected, records.Select(record => record.GetProperty("after").GetProperty("name").GetString()));

        static async Task RunAsync(Npgsql.NpgsqlConnection connection, string sql)
        {
            await using var command = new Npgsql.NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task A_column_that_cannot_be_captured_is_refused_by_name()
    {
        await using var stage = await fixture.StageAsync();
        await stage.CreateTablesAsync();
        await stage.ExecuteAsync("alter table users add column waiting interval");
        await stage.StartCaptureAsync();
        await Deadline.UntilAsync("the refusal", Patience, async () =>
            (await stage.StatusAsync()).GetProperty("lastError").GetString()?.Contains("public.users.waiting", StringComparison.Ordinal)
            ?? false
        );
        await stage.ExecuteAsync("alter table users drop column waiting");
        await stage.StreamingAsync();
    }

    static string Mark(JsonElement record) => record.GetProperty("source").GetProperty("snapshot").GetString()!;

    static async Task<bool> StreamsWithinAsync(Stage stage, TimeSpan limit)
    {
        try
        {
            await Deadline.UntilAsync("streaming", limit, async () =>
                (await stage.StatusAsync()).GetProperty("phase").GetString() == "streaming"
            );
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
