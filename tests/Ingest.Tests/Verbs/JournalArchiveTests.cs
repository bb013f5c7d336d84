using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Verbs;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Verbs;

public sealed class JournalArchiveTests(Servers servers)
{
    static readonly IngestOptions AnyIssuedAt = new() { MaxIssuedAhead = TimeSpan.FromDays(365) };
    static readonly DateTimeOffset Later = TimeProvider.System.GetUtcNow().AddDays(1);

    [Fact]
    public async Task An_archived_command_is_still_a_duplicate_and_another_content_under_its_id_still_a_conflict()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        var (register, deposit) = (Given.Register(), Given.Deposit(10_00));
        await database.ApplyAsync(register, deposit, Given.Deposit(10_00, user: 99));

        var moved = await ArchiveAsync(database);
        var again = await database.ApplyAsync(register, deposit, deposit with { Amount = new Money(11_00) });

        Assert.Equal(2, moved);
        Assert.Equal([OutcomeKind.Duplicate, OutcomeKind.Duplicate, OutcomeKind.Conflict], again.Select(outcome => outcome.Kind));
        Assert.Equal("parked", await database.ScalarAsync<string>("SELECT string_agg(outcome, ' ') FROM commands"));
        Assert.Equal(10m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        Assert.Equal(32, await database.ScalarAsync<int>("SELECT octet_length(first_hash) FROM command_conflicts"));
    }

    [Fact]
    public async Task No_command_is_applied_twice_while_the_journal_moves_away_under_it()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await database.ApplyAsync(Given.Register());
        // Small batches of their own, so that each meets the move while it is new.
        BetCommand[][] batches =
        [
            .. Enumerable.Range(0, 100).Select(_ => (BetCommand[])[.. Enumerable.Range(0, 10).Select(_ => Given.Deposit(1_00))]),
        ];
        using var stop = new CancellationTokenSource();

        var archiving = Task.Run(
            async () =>
            {
                long moved = 0;
                while (!stop.IsCancellationRequested)
                {
                    moved += await ArchiveAsync(database);
                }
                return moved;
            },
            TestContext.Current.CancellationToken
        );
        await Task.WhenAll(
            Enumerable
                .Range(0, 3)
                .Select(async _ =>
                {
                    foreach (var batch in batches)
                    {
                        await database.ApplyAsync(batch);
                        await database.ApplyAsync(batch);
                    }
                })
        );
        await stop.CancelAsync();

        Assert.Equal(1001, await archiving + await ArchiveAsync(database));
        Assert.Equal(1000m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
    }

    [Fact]
    public async Task A_trial_moves_nothing()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        await database.ApplyAsync(Given.Register());

        Assert.Equal(1, await ArchiveAsync(database, isTrial: true));
        Assert.Equal(1, await database.ScalarAsync<long>("SELECT count(*) FROM commands"));
    }

    static Task<long> ArchiveAsync(Database database, bool isTrial = false) =>
        new JournalArchive(database.Admin, TimeProvider.System).RunAsync(
            Later,
            isTrial,
            new Progress<(double, long)>(),
            CancellationToken.None
        );
}
