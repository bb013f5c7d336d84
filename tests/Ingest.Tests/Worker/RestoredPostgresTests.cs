using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>PostgreSQL is started anew under a running worker, with what it had or with an older state, as after a restore.</summary>
public sealed class RestoredPostgresTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Places_are_written_though_PostgreSQL_was_started_anew_before_the_first_one()
    {
        await using var postgres = new PostgresServer(Folder("before-the-first-place"), FreePort.Take());
        await postgres.StartAsync();
        await using var stage = await Stage.SetKafkaAsync(servers, postgres: postgres);
        var worker = stage.Start();
        await worker.ReadyAsync();
        await postgres.StopAsync();
        await postgres.StartAsync();
        BetCommand[] published = [Given.Register(1)];
        await stage.Kafka.PublishAsync(Stage.Encoded(published));
        await stage.AppliedAsync(published);
        await stage.PlaceAsync(1);
    }

    [Fact]
    public async Task A_right_that_is_given_back_after_a_restart_of_PostgreSQL_makes_the_worker_ready()
    {
        await using var postgres = new PostgresServer(Folder("no-right-to-places"), FreePort.Take());
        await postgres.StartAsync();
        await using var stage = await Stage.SetKafkaAsync(servers, postgres: postgres);
        await stage.ExecuteAsync("REVOKE INSERT, UPDATE ON kafka_places FROM ingest");
        var worker = stage.Start();
        BetCommand[] published = [Given.Register(1)];
        await stage.Kafka.PublishAsync(Stage.Encoded(published));
        await stage.AppliedAsync(published);
        await Deadline.UntilAsync("the refused place", Limit, async () =>
            await worker.Outages.IsReadyAsync() is (false, var why)
            && why.Contains("PostgreSQL refuses the places of partitions (42501)", StringComparison.Ordinal)
        );
        await postgres.StopAsync();
        await postgres.StartAsync();
        stage.Postgres.Clear();
        await stage.ExecuteAsync("GRANT INSERT, UPDATE ON kafka_places TO ingest");
        await worker.ReadyAsync();
        await stage.PlaceAsync(1);
    }

    [Fact]
    public async Task A_batch_in_hand_is_not_applied_to_an_older_state_before_what_that_has_lost()
    {
        var folder = Folder("older-state");
        await using var postgres = new PostgresServer(folder, FreePort.Take());
        await postgres.StartAsync();
        await using var stage = await Stage.SetKafkaAsync(servers, postgres: postgres);
        var worker = stage.Start();
        BetCommand[] kept = [Given.Register(), Given.Schedule()],
            lost = [Given.Deposit(5_00)],
            inHand = [Given.Place(1, 5_00)];
        await stage.Kafka.PublishAsync(Stage.Encoded(kept));
        await stage.AppliedAsync(kept);
        await stage.PlaceAsync(2);
        var older = new DataCopy(postgres, folder);
        await older.TakeAsync();
        await stage.Kafka.PublishAsync(Stage.Encoded(lost));
        await stage.AppliedAsync(lost);
        await stage.PlaceAsync(3);
        await using (var wallet = await HeldWallet.HoldAsync(stage.Postgres, Given.User))
        {
            await stage.Kafka.PublishAsync(Stage.Encoded(inHand));
            await wallet.IsWaitedForAsync();
            await postgres.KillAsync();
        }
        await older.PutBackAsync();

        await stage.AppliedAsync([.. lost, .. inHand]);

        Assert.Equal(0, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome <> 'accepted'"));
        Assert.Equal(4, await stage.CountAsync("SELECT count(*) FROM commands"));
        await worker.ReadyAsync();
        Assert.Contains("the places of the Kafka partitions are read again from it", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_from_before_the_first_place_gets_again_what_this_process_has_applied()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        var worker = stage.Start();
        BetCommand[] published = [Given.Register(1), Given.Register(2)],
            later = [Given.Register(3)];
        await stage.Kafka.PublishAsync(Stage.Encoded(published));
        await stage.AppliedAsync(published);
        await stage.PlaceAsync(2);

        await stage.ExecuteAsync("TRUNCATE users, wallets, commands, ledger_entries, kafka_places CASCADE");

        await stage.AppliedAsync(published);
        await stage.Kafka.PublishAsync(Stage.Encoded(later));
        await stage.AppliedAsync(later);
        await stage.PlaceAsync(3);
        await worker.ReadyAsync();
    }

    string Folder(string name) => Directory.CreateDirectory(Path.Combine(servers.Folder, name)).FullName;
}
