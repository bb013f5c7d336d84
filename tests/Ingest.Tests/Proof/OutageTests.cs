using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;
using Betting.Tests.Ingest.Worker;

namespace Betting.Tests.Ingest.Proof;

/// <summary>
/// PostgreSQL away in each way there is: the worker says so and waits without haste (MassTransit#5822: a tight loop hammers
/// it), the brokers hold the commands, and all is applied within two seconds of its return.
/// </summary>
public sealed partial class OutageTests(Servers servers, OutageTests.Running running) : IClassFixture<OutageTests.Running>
{
    static readonly TimeSpan Resumed = TimeSpan.FromSeconds(2);

    [Fact]
    public Task Stopped() => EndureAsync(Outage.Stopped(running.Postgres));

    [Fact]
    public Task Paused() => EndureAsync(Outage.Paused(running.Postgres));

    [Fact]
    public Task Out_of_connections() => EndureAsync(Outage.OutOfConnections(running.Stage.Postgres));

    // efcore.pg#1306: connections opened meanwhile stay read-only, so the pool has to be thrown away.
    [Fact]
    public Task Read_only_after_a_failover() => EndureAsync(Outage.ReadOnly(running.Stage.Postgres));

    [Fact]
    public Task A_wrong_setting_of_the_role() =>
        EndureAsync(Outage.Misconfigured(running.Stage.Postgres, "search_path", "nosuch", "42P01"));

    [Fact]
    public async Task Disk_full()
    {
        var folder = Path.Combine(servers.Folder, "small-disk");
        var full = await SmallDisk.TryUnderAsync(running.Stage.Postgres, folder);
        TestContext.Current.TestOutputHelper!.WriteLine(
            full is null ? "53100 raised by a trigger: mounting a small file system needs root" : "a file system of 16 MB was filled"
        );

        try
        {
            await EndureAsync(full ?? Outage.Raised(running.Stage.Postgres, "53100"));
        }
        finally
        {
            if (full is not null)
            {
                await SmallDisk.RemoveAsync(running.Stage.Postgres, folder);
            }
        }
    }

    [Theory]
    [InlineData("57014")]
    [InlineData("XX000")]
    [InlineData("42501")]
    [InlineData("53200")]
    public Task Refused_with(string state) => EndureAsync(Outage.Raised(running.Stage.Postgres, state));

    // What another transaction causes is no absence: it is only tried again, so the worker stays ready.
    [Theory]
    [InlineData("40001")]
    [InlineData("40P01")]
    [InlineData("55P03")]
    public Task In_the_way_of_others(string state) => EndureAsync(Outage.Raised(running.Stage.Postgres, state), away: false);

    async Task EndureAsync(Outage outage, bool away = true)
    {
        var (stage, worker) = (running.Stage, running.Worker);
        await worker.ReadyAsync();
        var before = await AttemptsAsync();
        await outage.BeginAsync();
        BetCommand[] commands = [.. Enumerable.Range(0, 600).Select(_ => Given.Deposit(1))];
        var attempts = 0.0;
        var elapsed = Stopwatch.StartNew();
        try
        {
            await Task.WhenAll(
                stage.Rabbit.PublishAsync(Stage.Encoded(commands[..300])),
                stage.Kafka.PublishAsync(Stage.Encoded(commands[300..]))
            );
            await Deadline.UntilAsync("attempts in vain", TimeSpan.FromSeconds(20), async () =>
                (!away || await worker.StatusAsync("/health/ready") == HttpStatusCode.ServiceUnavailable)
                && (!outage.Answers || (await AttemptsAsync() >= before + 8 && await AttemptsAsync(outage.State) > 0))
            );
            Assert.Equal(HttpStatusCode.OK, await worker.StatusAsync("/health/live"));
            attempts = await AttemptsAsync() - before;
            elapsed.Stop();
        }
        finally
        {
            await outage.EndAsync();
        }
        var returned = Stopwatch.StartNew();
        await stage.AppliedAsync(commands);
        await worker.ReadyAsync();
        returned.Stop();

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{outage.State}: {attempts} attempts in {elapsed.Elapsed.TotalSeconds:F1} s; "
                + $"all applied and ready {returned.Elapsed.TotalSeconds:F2} s after its return"
        );
        Assert.True(returned.Elapsed < Resumed, $"resumed after {returned.Elapsed}");
        // Two doors, each with doubling pauses up to half a second at least, or an eighth; and a look through parked commands
        // every second: no tight loop.
        Assert.InRange(attempts, 0, away ? 2 * (6 + (3 * elapsed.Elapsed.TotalSeconds)) : 2 * (10 + (9 * elapsed.Elapsed.TotalSeconds)));
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
        Assert.False(await stage.Rabbit.ExistsAsync(Topics.Commands + "_error"));
        await Invariants.HoldAsync(stage.Postgres);
    }

    async Task<double> AttemptsAsync(string? state = null) =>
        Retries()
            .Matches(await running.Worker.ReadAsync("/metrics"))
            .Where(sample => state is null || sample.Groups["state"].Value == state)
            .Sum(sample => double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"^ingest_retries\w*\{[^}]*sqlstate=""(?<state>\w+)""[^}]*\} (?<value>[0-9.eE+]+)", RegexOptions.Multiline)]
    private static partial Regex Retries();

    /// <summary>One worker and one server of their own, for all outages one after another.</summary>
    public sealed class Running(Servers servers) : IAsyncLifetime
    {
        internal PostgresServer Postgres { get; } =
            new(Directory.CreateDirectory(Path.Combine(servers.Folder, "outages")).FullName, FreePort.Take());

        internal Stage Stage { get; private set; } = null!;

        internal IngestProcess Worker { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            await Postgres.StartAsync();
            Stage = await Stage.SetAsync(servers, Postgres);
            Worker = Stage.Start();
            BetCommand user = Given.Register();
            await Stage.Rabbit.PublishAsync(Stage.Encoded([user]));
            await Stage.AppliedAsync([user]);
        }

        public async ValueTask DisposeAsync()
        {
            await Stage.DisposeAsync();
            await Postgres.DisposeAsync();
        }
    }
}
