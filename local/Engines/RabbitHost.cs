using System.Globalization;

namespace Betting.Local.Engines;

/// <summary>A virtual host of a node: queues and policies of its own, for a program or a test that shares the node with others.</summary>
/// <param name="node">It runs.</param>
/// <param name="name">One of those that the node was given, or <c>/</c>.</param>
public sealed class RabbitHost(RabbitServer node, string name)
{
    public RabbitServer Node => node;

    /// <summary>With the name and password of the node's user.</summary>
    public string Uri => node.Uri + (name == "/" ? "" : name);

    /// <summary>Allows or forbids the node's user to publish to queues by their names; reading and binding stay allowed.</summary>
    public Task AllowPublishingAsync(bool isAllowed) => AllowWritingAsync(isAllowed ? ".*" : "^bet-commands$");

    /// <summary>
    /// Lets the node's user publish to some queues and exchanges, and bind them, and to no others; it may still configure and read all.
    /// </summary>
    /// <param name="write">A pattern of their names; the default exchange is <c>amq.default</c>.</param>
    public Task AllowWritingAsync(string write) => node.ControlAsync("set_permissions", "-p", name, "betting", ".*", write, ".*");

    /// <summary>Lets the node's user declare and delete some queues and exchanges, and no others.</summary>
    /// <param name="configure">A pattern of their names.</param>
    public Task AllowConfiguringAsync(string configure) =>
        node.ControlAsync("set_permissions", "-p", name, "betting", configure, ".*", ".*");

    /// <summary>Ends the connections of all workers, as a network does.</summary>
    public Task CloseConnectionsAsync() => node.ControlAsync("close_all_connections", "-p", name, "a test");

    /// <summary>So many messages at most in a queue, which refuses further ones where it is declared so; null for any number.</summary>
    public Task LimitLengthAsync(string queue, int? messages) =>
        messages is { } most
            ? SetPolicyAsync(
                "length",
                $"^{queue}$",
                string.Create(CultureInfo.InvariantCulture, $$"""{"max-length":{{most}}}"""),
                RabbitServer.ShieldPriority + 1
            )
            : ClearPolicyAsync("length");

    /// <summary>So many queues at most; null for any number.</summary>
    public Task LimitQueuesAsync(int? queues) =>
        queues is { } most
            ? node.ControlAsync(
                "set_vhost_limits",
                "-p",
                name,
                string.Create(CultureInfo.InvariantCulture, $$"""{"max-queues":{{most}}}""")
            )
            : node.ControlAsync("clear_vhost_limits", "-p", name);

    /// <summary>A policy of an operator for queues whose names match.</summary>
    public Task SetPolicyAsync(string policy, string pattern, string definition, int priority = 0) =>
        node.ControlAsync(
            "set_policy",
            "-p",
            name,
            policy,
            pattern,
            definition,
            "--apply-to",
            "queues",
            "--priority",
            priority.ToString(CultureInfo.InvariantCulture)
        );

    public Task ClearPolicyAsync(string policy) => node.ControlAsync("clear_policy", "-p", name, policy);
}
