using System.Globalization;
using System.Text.Json;
using Betting.Connections;
using Betting.Contracts;
using Betting.Debezium;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Betting.Reconciler.Cut;

/// <summary>
/// Waits until ClickHouse holds everything that a cut sees: the fence has come through the stream, so the connector has sent whatever
/// precedes it; Kafka Connect, where one is configured, has stored a position behind the fence, so the brokers have it; and the sink has
/// gone past the ends that the topics had then.
/// </summary>
sealed class SinkWait(
    ClickHouseClient client,
    StreamEnds ends,
    ConnectOffsets connect,
    IOptions<ReconcilerOptions> options,
    TimeProvider clock
)
{
    static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(5);

    /// <returns>The epoch that the cluster's changes have in ClickHouse.</returns>
    /// <exception cref="CouldNotCompareException">It did not come so far in time.</exception>
    public async Task<int> UntilCoveredAsync(ExactCut cut, IProgress<string> progress, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        var told = started;
        int? epoch = null;
        var isAcknowledged = !connect.IsKnown;
        IReadOnlyList<TopicPartitionOffset>? goal = null;
        while (true)
        {
            epoch ??= await EpochOfFenceAsync(cut.Fence, cancellation);
            isAcknowledged = isAcknowledged || (epoch is { } ofFence && await IsStoredAsync(cut, ofFence, cancellation));
            goal ??= epoch is null || !isAcknowledged ? null : ends.Read();
            var behind = goal is null ? null : await BehindAsync(goal, cancellation);
            if (goal is not null && behind is null)
            {
                return epoch!.Value;
            }
            var lacking =
                goal is null && epoch is not null
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"Kafka Connect has not stored a position "
                            + $"behind the fence in epoch {epoch}: does it answer, do the brokers acknowledge, and does "
                            + $"Connect:Connector name the connector of that epoch?"
                    )
                : goal is null ? "the fence has not come through the change stream: does change capture run, and does the sink?"
                : $"the sink has not read {behind}";
            if (clock.GetElapsedTime(started) > options.Value.SinkLimit)
            {
                throw new CouldNotCompareException($"after {options.Value.SinkLimit.TotalSeconds:F0} s {lacking}");
            }
            if (clock.GetElapsedTime(told) > TellEvery)
            {
                progress.Report($"waiting for ClickHouse: {lacking}");
                told = clock.GetTimestamp();
            }
            await Task.Delay(LookAgain, clock, cancellation);
        }
    }

    async Task<bool> IsStoredAsync(ExactCut cut, int epoch, CancellationToken cancellation)
    {
        try
        {
            var stored = await connect.StoredAsync(cancellation);
            // A position in the log of another cluster says nothing of this one.
            return stored.Lsn >= cut.PositionBehind && (stored.Epoch is null || stored.Epoch == epoch);
        }
        catch (Exception failure)
            when (failure is HttpRequestException or JsonException
                || (failure is TaskCanceledException && !cancellation.IsCancellationRequested)
            )
        {
            // Asked again until the limit of the wait, which says so.
            return false;
        }
    }

    async Task<int?> EpochOfFenceAsync(string fence, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("prefix", Topics.FencePrefix);
        parameters.AddParameter("content", fence);
        var version = await client.ExecuteScalarAsync(
            "SELECT max(version) FROM fences WHERE prefix = {prefix:String} AND content = {content:String}",
            parameters,
            cancellationToken: cancellation
        );
        return version is ulong found and > 0 ? new ChangeVersion(found).Epoch : null;
    }

    /// <returns>A partition that the sink has not read to its goal, in words, or null.</returns>
    async Task<string?> BehindAsync(IReadOnlyList<TopicPartitionOffset> goal, CancellationToken cancellation)
    {
        var next = new Dictionary<(string, int), long>();
        await using (
            var rows = await client.ExecuteReaderAsync(
                "SELECT toString(topic), partition, next_offset FROM sink_progress FINAL",
                cancellationToken: cancellation
            )
        )
        {
            while (await rows.ReadAsync(cancellation))
            {
                next[(rows.GetString(0), rows.GetInt32(1))] = rows.GetInt64(2);
            }
        }
        foreach (var end in goal)
        {
            var reached = next.GetValueOrDefault((end.Topic, end.Partition.Value));
            if (reached < end.Offset.Value)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{end.Topic}/{end.Partition.Value} to {end.Offset.Value}, it is at {reached}"
                );
            }
        }
        // Read after the progress, an end cannot lie before it: that progress is of a former topic, and the sink has yet to notice.
        var former = goal.Any(end => next.GetValueOrDefault((end.Topic, end.Partition.Value)) > end.Offset.Value)
            ? ends.Read().FirstOrDefault(end => next.GetValueOrDefault((end.Topic, end.Partition.Value)) > end.Offset.Value)
            : null;
        return former is null ? null : $"{former.Topic}/{former.Partition.Value}, which was made anew or lost its end";
    }
}
