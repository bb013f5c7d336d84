namespace Betting.Contracts;

/// <summary>The topics that Debezium writes for one <paramref name="Prefix"/> (its <c>topic.prefix</c>).</summary>
public sealed record ChangeTopics(string Prefix)
{
    public const string DefaultPrefix = "betting";

    /// <summary>
    /// A regular expression of what Kafka takes as a part of a topic's name (249 characters in all), for <c>TopicPrefix</c> in settings.
    /// </summary>
    public const string PrefixPattern = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}";

    /// <summary>The same in words.</summary>
    public const string PrefixForm = "1 to 200 letters, digits and . _ -, as Kafka's names of topics";

    public string Users => $"{Prefix}.public.users";
    public string Events => $"{Prefix}.public.events";
    public string Bets => $"{Prefix}.public.bets";

    /// <summary>Logical messages (<c>pg_logical_emit_message</c>), among them the Reconciler's fences.</summary>
    public string Messages => $"{Prefix}.message";

    /// <summary>BEGIN and END of every transaction, with its count of changes.</summary>
    public string Transactions => $"{Prefix}.transaction";

    public string Heartbeats => $"__debezium-heartbeat.{Prefix}";

    /// <summary>The three topics of rows, in the order users, events, bets.</summary>
    public IReadOnlyList<string> Tables => [Users, Events, Bets];
}
