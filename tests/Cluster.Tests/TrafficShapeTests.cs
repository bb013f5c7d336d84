using System.Text;
using System.Text.Json;
using Betting.Local.Load.Traffic;
using Xunit;

namespace Betting.Tests.Cluster;

public sealed class TrafficShapeTests
{
    static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_run_other_ids()
    {
        Assert.Equal(Texts(1, 1, 5_000), Texts(1, 1, 5_000));
        Assert.Empty(Ids(Texts(1, 1, 5_000)).Intersect(Ids(Texts(1, 2, 5_000))));
    }

    [Fact]
    public void A_few_hot_events_take_most_bets_and_every_kind_of_command_comes()
    {
        var commands = Messages(1, 1, 20_000)
            .Where(message => message.Nature == MessageNature.Command)
            .Select(message => JsonDocument.Parse(message.Body).RootElement)
            .ToList();
        var kinds = commands.GroupBy(Kind).ToDictionary(group => group.Key, group => group.Count());
        var bets = commands
            .Where(command => Kind(command) == "place-bet")
            .GroupBy(command => command.GetProperty("eventId").GetInt64())
            .Select(group => group.Count())
            .OrderDescending()
            .ToList();

        Assert.Superset(
            new HashSet<string>
            {
                "register-user",
                "rename-user",
                "deposit",
                "withdraw",
                "schedule-event",
                "change-event",
                "place-bet",
                "settle-bet",
                "cash-out-bet",
                "cancel-bet",
            },
            kinds.Keys.ToHashSet()
        );
        Assert.True(bets.Take(bets.Count / 5).Sum() > bets.Sum() / 2, "a fifth of the events takes more than half of the bets");
    }

    [Fact]
    public void Duplicates_are_byte_for_byte_and_what_was_held_back_comes_in_the_end()
    {
        var traffic = new BettingTraffic(new TrafficOptions { LatePerThousand = 50, DuplicatesPerThousand = 50 }, () => Start);
        var messages = Enumerable.Range(0, 20_000).Select(_ => traffic.Next()).ToList();
        var rest = traffic.Rest();

        var sent = messages.Where(message => message.Nature == MessageNature.Command).Select(Text).ToHashSet();
        Assert.All(messages.Where(message => message.Nature == MessageNature.Duplicate), message => Assert.Contains(Text(message), sent));
        Assert.NotEmpty(rest);
        Assert.Equal(sent.Count + rest.Count, sent.Concat(rest.Select(Text)).Distinct().Count());
        Assert.Empty(traffic.Rest());
    }

    [Fact]
    public void No_two_malformed_messages_are_alike()
    {
        var malformed = new[] { 1, 2 }
            .SelectMany(run =>
            {
                var traffic = new BettingTraffic(new TrafficOptions { Run = run, MalformedPerThousand = 500 }, () => Start);
                return Enumerable.Range(0, 5_000).Select(_ => traffic.Next()).ToList();
            })
            .Where(message => message.Nature == MessageNature.Malformed)
            .Select(Text)
            .ToList();

        Assert.InRange(malformed.Count, 4_000, 6_000);
        // As the proof reads them: the first 120 characters.
        Assert.Equal(malformed.Count, malformed.Select(text => text[..Math.Min(text.Length, 120)]).Distinct().Count());
    }

    static List<TrafficMessage> Messages(int seed, int run, int count)
    {
        var traffic = new BettingTraffic(new TrafficOptions { Seed = seed, Run = run }, () => Start);
        return Enumerable.Range(0, count).Select(_ => traffic.Next()).ToList();
    }

    static List<string> Texts(int seed, int run, int count) => Messages(seed, run, count).Select(Text).ToList();

    static IEnumerable<string> Ids(IEnumerable<string> texts) =>
        texts
            .Where(text => text.Contains("issuedAt", StringComparison.Ordinal) && !text.Contains("buy-bet", StringComparison.Ordinal))
            .Select(text => JsonDocument.Parse(text).RootElement.GetProperty("id").GetString()!);

    static string Text(TrafficMessage message) => Encoding.UTF8.GetString(message.Body.Span);

    static string Kind(JsonElement command) => command.GetProperty("kind").GetString()!;
}
