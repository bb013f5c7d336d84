using System.Diagnostics.CodeAnalysis;
using RabbitMQ.Client;

namespace Betting.Brokers;

/// <summary>
/// Where RabbitMQ is: one URI with the nodes of a cluster separated by commas, <c>amqp://user:password@a:5672,b:5672/vhost</c>.
/// Nodes share scheme, user and virtual host.
/// </summary>
public sealed class RabbitAddress
{
    /// <summary>The form, for messages; a message never repeats what was given, which holds a password.</summary>
    public const string Form = "amqp://USER:PASSWORD@HOST:PORT/VHOST, several HOST:PORT separated by commas, or amqps:// for TLS";

    // The largest message that a RabbitMQ broker can be set to take. What it took, its consumers have to be able to read: the client's
    // own limit of 64 MiB would close the connection at such a message, and at the next attempt again.
    const uint LargestMessage = 512 * 1024 * 1024;

    /// <summary>
    /// Heartbeat interval that a connection asks for. The lower one of the client's and the broker's (60 s by default) is used, and the
    /// client's where the broker has none. Both sides close a connection over which they have received nothing for two to three intervals.
    /// </summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    readonly List<ConnectionFactory> _nodes;

    RabbitAddress(List<ConnectionFactory> nodes) => _nodes = nodes;

    /// <summary>The nodes as <c>host:port</c>, separated by commas.</summary>
    public string Nodes => string.Join(", ", _nodes.Select(node => $"{node.Endpoint.HostName}:{node.Endpoint.Port}"));

    /// <summary>The virtual host that all nodes share.</summary>
    public string VirtualHost => _nodes[0].VirtualHost;

    /// <summary>User and password that all nodes share.</summary>
    public (string User, string Password) Credentials => (_nodes[0].UserName, _nodes[0].Password);

    /// <summary>Returns true where the text has the form of <see cref="Form"/>.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out RabbitAddress? address)
    {
        address = null;
        if (text is null || text.IndexOf("://", StringComparison.Ordinal) is not (> 0 and var scheme))
        {
            return false;
        }
        var rest = text[(scheme + 3)..];
        var end = rest.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? slash : rest.Length;
        var at = rest[..end].LastIndexOf('@') + 1;
        var nodes = new List<ConnectionFactory>();
        foreach (var node in rest[at..end].Split(',', StringSplitOptions.TrimEntries))
        {
            if (Factory($"{text[..scheme]}://{rest[..at]}{node}{rest[end..]}") is not { } factory)
            {
                return false;
            }
            nodes.Add(factory);
        }
        address = new RabbitAddress(nodes);
        return true;
    }

    /// <summary>Opens a connection to the first of the nodes that answers, tried in a random order.</summary>
    /// <param name="name">How the connection is called in the broker's list.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public Task<IConnection> OpenAsync(string name, CancellationToken cancellation) =>
        FirstNode.OpenAsync(
            Shuffled<IConnection>(node =>
                leave =>
                {
                    // Whoever uses a connection opens the next: the client's own recovery would lose the confirms in flight.
                    node.AutomaticRecoveryEnabled = false;
                    return node.CreateConnectionAsync(name, leave);
                }
            ),
            connection => connection,
            cancellation
        );

    /// <summary>
    /// Opens a connection to the first of the nodes that answers whose received bytes pass a filter before the client reads them.
    /// </summary>
    /// <param name="name">How the connection is called in the broker's list.</param>
    /// <param name="filter">Makes a filter for each attempt.</param>
    /// <param name="answers">
    /// How long the client waits for an answer, which stands behind the messages that a channel is being sent.
    /// </param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <returns>The connection and its filter.</returns>
    public Task<(IConnection Connection, TFilter Filter)> OpenAsync<TFilter>(
        string name,
        Func<TFilter> filter,
        TimeSpan answers,
        CancellationToken cancellation
    )
        where TFilter : IInboundFilter =>
        FirstNode.OpenAsync(
            Shuffled<(IConnection Connection, TFilter Filter)>(node =>
                async leave =>
                {
                    TFilter? last = default;
                    var connection = await Filtered(node, () => last = filter(), answers).CreateConnectionAsync(name, leave);
                    return (connection, last!);
                }
            ),
            opened => opened.Connection,
            cancellation
        );

    // TLS needs the name of the node and a socket is told its address only, so each node has an attempt of its own.
    Func<CancellationToken, Task<T>>[] Shuffled<T>(Func<ConnectionFactory, Func<CancellationToken, Task<T>>> opening)
    {
        var nodes = _nodes.Select(opening).ToArray();
        Random.Shared.Shuffle(nodes);
        return nodes;
    }

    static ConnectionFactory Filtered<TFilter>(ConnectionFactory node, Func<TFilter> filter, TimeSpan answers)
        where TFilter : IInboundFilter
    {
        var tls = node.Ssl.Enabled ? node.Ssl : null;
        return new ConnectionFactory
        {
            HostName = node.Endpoint.HostName,
            Port = node.Endpoint.Port,
            UserName = node.UserName,
            Password = node.Password,
            VirtualHost = node.VirtualHost,
            MaxInboundMessageBodySize = LargestMessage,
            RequestedHeartbeat = node.RequestedHeartbeat,
            AutomaticRecoveryEnabled = false,
            ContinuationTimeout = answers,
            SocketFactory = family => new FilteredTcpClient(family, tls, filter()),
        };
    }

    static ConnectionFactory? Factory(string uri)
    {
        if (
            !Uri.TryCreate(uri, UriKind.Absolute, out var parsed)
            || parsed is not { Scheme: "amqp" or "amqps", Host.Length: > 0, Port: not 0, Query: "", Fragment: "", Segments.Length: <= 2 }
            || parsed.UserInfo.Count(sign => sign == ':') > 1
        )
        {
            return null;
        }
        return new ConnectionFactory
        {
            Uri = parsed,
            MaxInboundMessageBodySize = LargestMessage,
            RequestedHeartbeat = Heartbeat,
        };
    }
}
