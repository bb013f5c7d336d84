namespace Betting.Debezium;

/// <summary>What a topic carries, by its name.</summary>
enum TopicRole
{
    Changes,
    Heartbeats,
    Transactions,
    Messages,
}

/// <summary>
/// Reads a topic's name. The last part names the table, so <c>betting.public.bets</c>, a routed <c>shard-7.bets</c> and a plain
/// <c>bets</c> are the same table; where it names none, as behind ByLogicalTableRouter, the record's own <c>source.table</c> tells.
/// </summary>
static class TopicName
{
    public static (TopicRole Role, SourceTable Table) Read(string topic)
    {
        if (topic.StartsWith("__debezium-heartbeat", StringComparison.Ordinal))
            return (TopicRole.Heartbeats, SourceTable.None);
        var last = topic.AsSpan(topic.LastIndexOf('.') + 1);
        return last switch
        {
            "transaction" => (TopicRole.Transactions, SourceTable.None),
            "message" => (TopicRole.Messages, SourceTable.None),
            "users" => (TopicRole.Changes, SourceTable.Users),
            "events" => (TopicRole.Changes, SourceTable.Events),
            "bets" => (TopicRole.Changes, SourceTable.Bets),
            _ => (TopicRole.Changes, SourceTable.None),
        };
    }

    public static SourceTable TableNamed(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("users"u8) ? SourceTable.Users
        : name.SequenceEqual("events"u8) ? SourceTable.Events
        : name.SequenceEqual("bets"u8) ? SourceTable.Bets
        : SourceTable.None;
}
