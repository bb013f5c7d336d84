using System.Globalization;
using System.Text.RegularExpressions;
using Betting.Local.Cluster;
using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.Cluster;

/// <summary>One bet is followed by its id, and a command by its own, through the logs of all workers.</summary>
[Collection(ClusterCollection.Name)]
public sealed class FollowTests(RunningCluster running)
{
    const long User = 7_000_000_000_000_000_011,
        Event = 7_000_000_000_000_000_017;
    const string Placement = "0197a1b2-0000-7000-8000-0000000000b1";
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task A_bet_is_followed_through_the_logs_of_all_four_workers_with_event_numbers()
    {
        var bet = RunningCluster.FollowedBet.ToString(CultureInfo.InvariantCulture);
        await running.PublishAsync(
            "kafka",
            $$"""{"v":1,"kind":"place-bet","id":"{{Placement}}","issuedAt":"{{Now()}}","betId":{{bet}},"userId":{{User}},"eventId":{{Event}},"amount":"2.50"}"""
        );
        await SaysAsync(
            WorkerSettings.Ingest,
            $"160 .*Followed command {Placement} \\(place-bet, bet {bet}\\) arrived through the kafka door, bet-commands"
        );
        await SaysAsync(
            WorkerSettings.Ingest,
            $"161 .*Followed command {Placement} \\(place-bet, bet {bet}\\) .*: parked until .* for (user {User}|event {Event})"
        );
        await running.PublishAsync(
            "rabbitmq",
            $$"""{"v":1,"kind":"register-user","id":"{{Guid.NewGuid()}}","issuedAt":"{{Now()}}","userId":{{User}},"name":"Followed"}""",
            $$"""{"v":1,"kind":"deposit","id":"{{Guid.NewGuid()}}","issuedAt":"{{Now()}}","userId":{{User}},"amount":"10.00"}""",
            $$"""{"v":1,"kind":"schedule-event","id":"{{Guid.NewGuid()}}","issuedAt":"{{Now()}}","eventId":{{Event}},"name":"Final","category":"Tennis","startTime":"2027-01-01T12:00:00Z"}"""
        );

        await SaysAsync(WorkerSettings.Ingest, $"162 .*Followed command {Placement} .*: the journal says accepted, applied at ");
        await SaysAsync(WorkerSettings.CdcSink, $"380 .*Followed bet {bet}: Create of version \\d+, transaction \\d+, read from ");
        await SaysAsync(WorkerSettings.CdcSink, $"381 .*Followed bet {bet}: its changes and its row are in ClickHouse");
        await SaysAsync(
            WorkerSettings.CacheWarmer,
            $"260 .*Followed bet {bet}: Create of version \\d+ read from .*, (counted in Redis|contained in the counters' base)"
        );
        var (code, output) = await running.Cluster.ReconcileAsync();

        Assert.True(code == 0, output);
        Assert.Matches(
            $"410 .*Followed bet {bet} at the cut of run \\d+: equal; PostgreSQL has bet_status 4:OPEN, bet_amount 2.50, "
                + $"payout ~, ClickHouse has bet_status 4:OPEN",
            output
        );
    }

    [Fact]
    public async Task A_command_is_followed_by_its_own_id_also_into_the_dead_letters()
    {
        await running.PublishAsync(
            "kafka",
            $$"""{"v":1,"kind":"settle-bet","id":"{{RunningCluster.FollowedSettlement}}","issuedAt":"{{Now()}}","betId":1,"payout":"many"}"""
        );

        await SaysAsync(
            WorkerSettings.Ingest,
            $"163 .*Followed command {RunningCluster.FollowedSettlement} is a dead letter of the kafka door, bet-commands"
        );
    }

    Task SaysAsync(string worker, string pattern) =>
        Deadline.UntilAsync($"'{pattern}' in the log of {worker}", Limit, () =>
            Task.FromResult(Directory.GetFiles(running.Cluster.Logs, worker + "-*.log").Any(log => Regex.IsMatch(TextOf(log), pattern)))
        );

    static string TextOf(string log)
    {
        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    static string Now() => TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
