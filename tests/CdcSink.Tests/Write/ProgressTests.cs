using Betting.CdcSink.Batches;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Write;

/// <summary>Progress in <c>sink_progress</c> beside assignments that change.</summary>
public sealed class ProgressTests(Servers servers)
{
    [Fact]
    public async Task A_batch_of_a_former_assignment_has_its_effect_and_records_nothing()
    {
        var made = new Made();
        using var sink = await SinkUnderTest.CreateAsync(servers);
        using var batch = sink.Batch([made.Bet(1, Made.Columns())]);
        batch.Assignment = sink.Progress.Assignment;
        batch.Positions.Add(new PartitionPosition("betting.public.bets", 0, 1, 1, 0, 0));
        sink.Progress.Forget();

        await sink.Applier.ApplyAsync(batch, Task.CompletedTask, CancellationToken.None);
        Assert.Equal(["1|0"], await sink.QueryAsync("SELECT (SELECT count() FROM bets_analytics), (SELECT count() FROM sink_progress)"));

        batch.Assignment = sink.Progress.Assignment;
        await sink.Applier.ApplyAsync(batch, Task.CompletedTask, CancellationToken.None);
        Assert.Equal(["1"], await sink.QueryAsync("SELECT next_offset FROM sink_progress"));
    }
}
