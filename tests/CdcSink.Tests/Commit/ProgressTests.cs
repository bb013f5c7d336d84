using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Commit;
using Betting.CdcSink.Messages;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Betting.Tests.CdcSink.Commit;

/// <summary>Progress in <c>sink_progress</c> beside assignments that change.</summary>
public sealed class ProgressTests(Servers servers)
{
    [Fact]
    public async Task A_batch_of_a_former_assignment_has_its_effect_and_records_nothing()
    {
        var made = new Made();
        await using var sink = await SinkUnderTest.CreateAsync(servers);
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

    [Fact]
    public async Task Partitions_are_given_away_at_once_while_ClickHouse_does_not_answer()
    {
        var limit = TimeSpan.FromSeconds(30);
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var held = 0;
        await using var gate = new ClickHouseGate(sink.ConnectionString, request =>
            request.Contains("sink_progress", StringComparison.Ordinal) && Interlocked.Exchange(ref held, 1) == 0
        );
        using var client = new ClickHouseClient(gate.ConnectionString);
        using var store = new ChangeStore(client);
        var committed = new List<PartitionPosition>();
        var recorded = new RecordedProgress(
            new ProgressStore(client, store, new StoresClock(TimeProvider.System)),
            TimeProvider.System,
            NullLogger<RecordedProgress>.Instance
        );
        using var progress = new Progress(store, recorded, TimeProvider.System) { Commit = committed.AddRange };
        using var batch = new ChangeBatch { Assignment = progress.Assignment };
        batch.Positions.Add(new PartitionPosition("betting.public.bets", 0, 1, 1, 0, 0));

        var recording = progress.RecordAsync(batch, CancellationToken.None);
        await gate.Held.WaitAsync(limit);
        await Task.Run(progress.Forget).WaitAsync(limit);
        await recording.WaitAsync(limit);
        Assert.Empty(committed);

        batch.Assignment = progress.Assignment;
        await progress.RecordAsync(batch, CancellationToken.None).WaitAsync(limit);
        Assert.Equal(batch.Positions, committed);
        Assert.Equal(["1"], await sink.QueryAsync("SELECT next_offset FROM sink_progress FINAL"));
    }
}
