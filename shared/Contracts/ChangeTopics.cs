namespace Betting.Contracts;

/// <summary>The topics that Debezium writes for one <paramref name="Prefix"/> (its <c>topic.prefix</c>).</summary>
public sealed record ChangeTopics(string Prefix)
{
    public const string DefaultPrefix = "betting";

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
