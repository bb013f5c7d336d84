using Betting.Contracts;
using Betting.Local.Engines;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>
/// The peer (c): Kafka tables take the same topics into <see cref="PlainViews"/>, with a consumer and a thread for every two
/// partitions of bets. Blocks are smaller than the engine's own, with which all of them would be there at once.
/// </summary>
static class KafkaTables
{
    /// <summary>Records that a consumer gathers before they become rows.</summary>
    public const int Block = 65_536;

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <param name="database">Where they are made.</param>
    /// <param name="bootstrap">The broker.</param>
    /// <param name="before">Records of the snapshot, which are not measured.</param>
    /// <param name="records">
    /// Those behind it. All of them are measured, for the engine needs no warm-up and two consumers' blocks are a large part of fewer.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Changes a second, from block to block that became rows.</returns>
    public static async Task<double> RateAsync(
        SinkDatabase database,
        string bootstrap,
        int before,
        int records,
        CancellationToken cancellation
    )
    {
        var topics = new ChangeTopics(ChangeTopics.DefaultPrefix);
        await PlainViews.CreateAsync(
            database,
            table =>
                $"""
                    Kafka SETTINGS kafka_broker_list = '{bootstrap}',
                        kafka_topic_list = '{topics.Tables.Single(topic => topic.EndsWith("." + table, StringComparison.Ordinal))}',
                    kafka_group_name = 'kafka-tables-{table}', kafka_format = 'JSONEachRow', kafka_num_consumers = {(
                        table == "bets" ? 2 : 1
                    )},
                    kafka_thread_per_consumer = 1, kafka_max_block_size = {Block},
                    input_format_skip_unknown_fields = 1, input_format_null_as_default = 1
                    """,
            cancellation
        );
        var start = await ReachedAsync(before);
        // What each consumer gathers last is no whole block, and is waited for until its flush interval ends.
        var end = await ReachedAsync(before + records - 3 * Block);
        return (end.Records - start.Records) / (end.At - start.At);

        async Task<(long Records, double At)> ReachedAsync(long least)
        {
            var progress = (Records: 0L, At: 0.0);
            await Deadline.UntilAsync(
                $"{least:N0} records through Kafka tables",
                Patience,
                async () => (progress = await PlainViews.ProgressAsync(database, cancellation)).Records >= least,
                cancellation
            );
            return progress;
        }
    }
}
