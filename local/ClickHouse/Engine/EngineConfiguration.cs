using System.Globalization;
using System.Xml.Linq;

namespace Betting.Local.ClickHouse.Engine;

/// <summary>
/// The engine's configuration for a machine that it shares with everything else. Its defaults are for a server of its own:
/// hundreds of threads, caches by the share of memory, merges on every core.
/// </summary>
static class EngineConfiguration
{
    const int OwnPort = 9000;

    static readonly (string Name, object Value)[] Modest =
    [
        ("background_pool_size", 2),
        ("background_merges_mutations_concurrency_ratio", 1),
        ("background_schedule_pool_size", 2),
        ("background_common_pool_size", 1),
        ("background_move_pool_size", 1),
        ("background_fetches_pool_size", 1),
        ("background_message_broker_schedule_pool_size", 16),
        ("max_thread_pool_free_size", 8),
        ("max_io_thread_pool_size", 8),
        ("max_io_thread_pool_free_size", 0),
        ("max_active_parts_loading_thread_pool_size", 2),
        ("max_outdated_parts_loading_thread_pool_size", 2),
        ("max_unexpected_parts_loading_thread_pool_size", 1),
        ("max_parts_cleaning_thread_pool_size", 2),
        ("threadpool_local_fs_reader_pool_size", 4),
        ("memory_worker_purge_dirty_pages_threshold_ratio", "0.05"),
        ("mark_cache_size", 64 << 20),
        ("primary_index_cache_size", 64 << 20),
        ("uncompressed_cache_size", 0),
        ("index_mark_cache_size", 8 << 20),
        ("index_uncompressed_cache_size", 0),
        ("mmap_cache_size", 64),
        ("compiled_expression_cache_size", 16 << 20),
        ("query_condition_cache_size", 8 << 20),
    ];

    /// <summary>
    /// The file for <c>--config-file</c>. Without one the engine would take any config.xml of the folder it was started in.
    /// </summary>
    /// <param name="memoryLimit">Bytes that all queries together may take, or 0 for nine tenths of the machine's memory.</param>
    /// <param name="path">The folder with the data; the second disk is a folder in it.</param>
    public static XDocument Write(long memoryLimit, string path)
    {
        // With fewer free threads than these the engine would neither merge small parts nor run a mutation at all in a pool of two.
        var mergeTree = new XElement(
            "merge_tree",
            new XElement("number_of_free_entries_in_pool_to_lower_max_size_of_merge", 0),
            new XElement("number_of_free_entries_in_pool_to_execute_mutation", 0),
            new XElement("number_of_free_entries_in_pool_to_execute_optimize_entire_partition", 0)
        );

        return new XDocument(
            new XElement(
                "clickhouse",
                new XElement("max_server_memory_usage", memoryLimit.ToString(CultureInfo.InvariantCulture)),
                Modest.Select(setting => new XElement(setting.Name, setting.Value)),
                mergeTree,
                Kafka,
                new XElement("tcp_port", OwnPort),
                Clusters,
                Storage(path)
            )
        );
    }

    /// <summary>
    /// Clusters of this server alone: <c>default</c>, as a server's own configuration has it, and <c>twice</c>, whose two shards are the
    /// same data, for what a server refuses only with several. Nobody listens at the port: a shard of one's own needs no connection.
    /// </summary>
    static XElement Clusters => new("remote_servers", new XElement("default", Shard), new XElement("twice", Shard, Shard));

    static XElement Shard => new("shard", new XElement("replica", new XElement("host", "127.0.0.1"), new XElement("port", OwnPort)));

    // Each table that reads from Kafka holds a thread of its pool. The local broker wakes a waiting fetch only when its wait ends, and
    // what was fetched ahead lasts less than the second after which a full queue is looked at again.
    static XElement Kafka => new("kafka", new XElement("fetch_wait_max_ms", 10), new XElement("fetch_queue_backoff_ms", 5));

    /// <summary>
    /// A policy with a volume for old data, as a server with a cheap disk beside its fast one has it. The first volume is the default
    /// policy's own, so that a table can change to this one.
    /// </summary>
    static XElement Storage(string path) =>
        new(
            "storage_configuration",
            new XElement("disks", new XElement("cold", new XElement("path", Path.Combine(path, "cold") + "/"))),
            new XElement(
                "policies",
                new XElement(
                    "tiered",
                    new XElement(
                        "volumes",
                        new XElement("default", new XElement("disk", "default")),
                        new XElement("cold", new XElement("disk", "cold"))
                    )
                )
            )
        );
}
