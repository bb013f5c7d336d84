using Betting.Connections;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>Which of several PostgreSQL hosts gets sessions, by what each said last.</summary>
public sealed class PrimaryChoiceTests
{
    const long Ours = 71,
        Other = 72;

    static readonly ServerAnswer Away = new(ServerRole.Away, Trouble: "no answer in 3 s"),
        Refuses = new(ServerRole.Refuses, Trouble: "SQLSTATE 53300"),
        Standby = new(ServerRole.Standby, Ours);

    [Fact]
    public void The_primary_is_used_wherever_it_stands_in_the_list()
    {
        Assert.Equal(0, Of([Primary(1), Standby]).Host);
        Assert.Equal(1, Of([Standby, Primary(1)]).Host);
        Assert.Equal(1, Of([Away, Primary(1)]).Host);
    }

    [Fact]
    public void Of_two_primaries_the_one_of_the_newer_timeline_is_used_and_the_other_is_named()
    {
        var choice = Of([Primary(1), Primary(2)], current: 0);

        Assert.Equal((1, new KnownCluster(Ours, 2)), (choice.Host, choice.Known));
        Assert.Equal([0], choice.Older);
    }

    [Fact]
    public void A_former_primary_is_not_used_while_the_new_one_is_away()
    {
        var choice = Of([Primary(1), Away], new KnownCluster(Ours, 2), current: 1);

        Assert.Null(choice.Host);
        Assert.Equal(2, choice.Known.Timeline);
        Assert.Equal([0], choice.Older);
    }

    [Fact]
    public void Two_names_of_one_server_are_no_reason_to_move()
    {
        Assert.Equal(1, Of([Primary(1), Primary(1)], new KnownCluster(Ours, 1), current: 1).Host);
        Assert.Equal(0, Of([Primary(1), Primary(1)]).Host);
    }

    [Fact]
    public void The_cluster_that_was_known_first_is_kept()
    {
        var first = Of([Primary(3, Other), Primary(1)]);
        Assert.Equal((0, Other), (first.Host, first.Known.System));
        Assert.Equal([1], first.Foreign);

        var later = Of([Primary(3, Other), Away], new KnownCluster(Ours, 1), current: 1);
        Assert.Null(later.Host);
        Assert.Equal([0], later.Foreign);
        Assert.Equal(new KnownCluster(Ours, 1), later.Known);
    }

    [Fact]
    public void A_server_that_does_not_tell_its_cluster_is_judged_by_its_timeline()
    {
        Assert.Equal(1, Of([Primary(1, system: 0), Primary(2, system: 0)]).Host);
        Assert.Equal([0], Of([Primary(1, system: 0), Primary(2)]).Older);
    }

    [Fact]
    public void No_host_is_used_where_all_are_standbys_or_away() =>
        Assert.Null(Of([Standby, Away], new KnownCluster(Ours, 1), current: 1).Host);

    [Fact]
    public void A_host_that_refuses_the_question_keeps_its_sessions_until_another_is_the_primary()
    {
        Assert.Equal(1, Of([Refuses, Refuses], new KnownCluster(Ours, 1), current: 1).Host);
        Assert.Equal(0, Of([Refuses, Standby]).Host);
        Assert.Equal(0, Of([Primary(2), Refuses], new KnownCluster(Ours, 1), current: 1).Host);
    }

    static ServerAnswer Primary(int timeline, long system = Ours) => new(ServerRole.Primary, system, timeline);

    static PrimaryChoice Of(ServerAnswer[] answers, KnownCluster known = default, int? current = null) =>
        PrimaryChoice.Of(answers, known, current);
}
