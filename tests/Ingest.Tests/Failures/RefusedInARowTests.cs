using Betting.Ingest.Failures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Failures;

/// <summary>Which refusals count together.</summary>
public sealed class RefusedInARowTests
{
    readonly RefusedInARow _refused = new();

    [Fact]
    public void A_command_counts_once_however_often_it_is_refused()
    {
        var command = Given.Deposit(1);

        for (var attempt = 0; attempt < 2 * RefusedInARow.Most; attempt++)
        {
            _refused.Refused(command);
        }

        Assert.Equal((1, false), (_refused.Longest, _refused.IsTooMany));
    }

    [Fact]
    public void Commands_that_get_another_outcome_in_the_end_do_not_count_any_more()
    {
        var commands = Enumerable.Range(0, RefusedInARow.Most + 1).Select(_ => Given.Deposit(1)).ToList();
        commands.ForEach(_refused.Refused);
        Assert.True(_refused.IsTooMany);

        commands.ForEach(command => _refused.Decided(command, isAccepted: false));

        Assert.Equal(0, _refused.Longest);
    }

    [Fact]
    public void An_accepted_command_clears_its_kind_and_no_other()
    {
        _refused.Refused(Given.Deposit(1));
        _refused.Refused(Given.Deposit(1));
        _refused.Refused(Given.Withdraw(1));

        _refused.Decided(Given.Deposit(1), isAccepted: true);

        Assert.Equal(1, _refused.Longest);
    }
}
