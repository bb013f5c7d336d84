using System.CommandLine;
using Betting.Hosting;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>A verb whose client gave up by itself: the store could not be asked, and nobody has interrupted it.</summary>
public sealed class UnansweredVerbTests
{
    [Fact]
    public async Task A_cancellation_that_nobody_asked_for_has_the_code_of_a_store_that_could_not_be_asked()
    {
        var code = await new WorkerCommandLine("unanswered", "A verb that gets no answer.")
            .WithVerb(new Command("ask", "Asks."), _ => { }, (_, _, _) => throw new TaskCanceledException())
            .RunAsync(["ask"], _ => { });

        Assert.Equal(ExitCodes.CouldNotAsk, code);
    }
}
