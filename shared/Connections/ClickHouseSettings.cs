using ClickHouse.Driver.ADO;

namespace Betting.Connections;

/// <summary>
/// Server settings that change what a worker's statements answer or when an insert is there. They are sent with each statement, so the
/// profile of the worker's user has no say. A statement that needs another value says so itself.
/// </summary>
public static class ClickHouseSettings
{
    /// <summary>The server's own defaults, by name.</summary>
    public static readonly IReadOnlyDictionary<string, object> Sent = new Dictionary<string, object>
    {
        // An insert is there when it is acknowledged.
        ["async_insert"] = 0,
        ["wait_for_async_insert"] = 1,
        // A repeated insert is written again and outranked by its version. Left out as known, it would not reach the views behind it.
        ["insert_deduplicate"] = 0,
        ["materialized_views_ignore_errors"] = 0,
        // Which rows an answer has.
        ["final"] = 0,
        ["limit"] = 0,
        ["offset"] = 0,
        ["max_result_rows"] = 0,
        ["result_overflow_mode"] = "throw",
        ["read_overflow_mode"] = "throw",
        ["read_overflow_mode_leaf"] = "throw",
        ["timeout_overflow_mode"] = "throw",
        ["timeout_overflow_mode_leaf"] = "throw",
        ["distinct_overflow_mode"] = "throw",
        ["set_overflow_mode"] = "throw",
        ["group_by_overflow_mode"] = "throw",
        ["sort_overflow_mode"] = "throw",
        ["join_overflow_mode"] = "throw",
        ["transfer_overflow_mode"] = "throw",
        ["skip_unavailable_shards"] = 0,
        ["additional_table_filters"] = "{}",
        ["additional_result_filter"] = "",
        ["empty_result_for_aggregation_by_empty_set"] = 0,
        ["join_default_strictness"] = "ALL",
        ["any_join_distinct_right_table_keys"] = 0,
        ["use_query_cache"] = 0,
        // What its values are.
        ["join_use_nulls"] = 0,
        ["aggregate_functions_null_for_empty"] = 0,
        ["cast_keep_nullable"] = 0,
        ["transform_null_in"] = 0,
        ["prefer_column_name_to_alias"] = 0,
        ["date_time_overflow_behavior"] = "ignore",
        ["session_timezone"] = "",
    };

    /// <summary>
    /// What a client is made of that leaves the server's settings as they are: for changes of the schema, and for questions before there
    /// is one.
    /// </summary>
    /// <param name="connectionString">The operator's.</param>
    /// <param name="database">Another database than the operator's.</param>
    /// <param name="limit">A shorter time limit than the operator's for each statement.</param>
    public static ClickHouseClientSettings Plain(string connectionString, string? database = null, TimeSpan? limit = null) =>
        Connected(new ClickHouseClientSettings(connectionString), database, limit);

    /// <summary>The same for a client that is there.</summary>
    public static ClickHouseClientSettings Within(ClickHouseClientSettings settings, TimeSpan limit) => Connected(settings, null, limit);

    /// <summary>What a client is made of.</summary>
    public static ClickHouseClientSettings Of(string connectionString)
    {
        var settings = Plain(connectionString);
        foreach (var (name, value) in Sent)
        {
            settings.CustomSettings[name] = value;
        }
        return settings;
    }

    // The client takes its time limit from the factory, where there is one.
    static ClickHouseClientSettings Connected(ClickHouseClientSettings settings, string? database, TimeSpan? limit)
    {
        var timeout = limit is { } shorter && shorter < settings.Timeout ? shorter : settings.Timeout;
        return new ClickHouseClientSettings(settings)
        {
            Database = database ?? settings.Database,
            Timeout = timeout,
            HttpClientFactory = new ClickHouseHttp(timeout),
        };
    }
}
