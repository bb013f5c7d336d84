using System.Diagnostics.CodeAnalysis;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Connections;

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

    /// <summary>For the connection to one node to be open. The client's own limits do not hold for a broker that accepts connections and then says nothing.</summary>
    static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Heartbeat interval that a connection asks for. The lower one of the client's and the broker's (60 s by default) is used, and the
    /// client's where the broker has none. Both sides close a connection over which they have received nothing for two to three intervals.
    /// </summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    // RabbitMQ answers behind the messages that a channel is sending, and takes up to 20 s of a busy processor for headers that are nested
    // thousands deep. A connection that is dead ends sooner, by its heartbeats.
    static readonly TimeSpan BehindMessages = TimeSpan.FromMinutes(1);

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

    /// <summary>Opens a connection to any of the nodes, in a random order.</summary>
    public Task<IConnection> OpenAsync(string name, CancellationToken cancellation) => OpenAnyAsync(node =>
    {
        // Whoever uses a connection opens the next: the client's own recovery would lose the confirms in flight.
        node.AutomaticRecoveryEnabled = false;
        return node.CreateConnectionAsync(name, cancellation);
    }, cancellation);

    /// <summary>Opens a connection to any of the nodes whose received bytes pass a filter before the client reads them.</summary>
    /// <param name="name">How the connection is called in the broker's list.</param>
    /// <param name="filter">Makes a filter for each attempt; the last one made is the returned connection's.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public Task<IConnection> OpenAsync(string name, Func<IInboundFilter> filter, CancellationToken cancellation) =>
        OpenAnyAsync(node => Filtered(node, filter).CreateConnectionAsync(name, cancellation), cancellation);

    // One after the other, because each has a time limit of its own, and because TLS needs the name of the node and a socket is told its address only.
    async Task<IConnection> OpenAnyAsync(Func<ConnectionFactory, Task<IConnection>> openAsync, CancellationToken cancellation)
    {
        var nodes = _nodes.ToArray();
        Random.Shared.Shuffle(nodes);
        var failures = new List<Exception>();
        foreach (var node in nodes)
        {
            try
            {
                return await WithinLimitAsync(openAsync(node), cancellation);
            }
            catch (Exception failure) when (!cancellation.IsCancellationRequested)
            {
                failures.Add(failure);
            }
        }
        throw failures is [var only] ? only : new BrokerUnreachableException(new AggregateException(failures));
    }

    static async Task<IConnection> WithinLimitAsync(Task<IConnection> opening, CancellationToken cancellation)
    {
        try
        {
            return await opening.WaitAsync(AnswerLimit, TimeProvider.System, cancellation);
        }
        catch (TimeoutException late)
        {
            // Nobody waits for it any more; should it open yet, it is left.
            _ = opening.ContinueWith(opened => RabbitConnection.LeaveAsync(opened.IsCompletedSuccessfully ? opened.Result : null), CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw new BrokerUnreachableException(late);
        }
    }

    static ConnectionFactory Filtered(ConnectionFactory node, Func<IInboundFilter> filter)
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
            ContinuationTimeout = BehindMessages,
            SocketFactory = family => new FilteredTcpClient(family, tls, filter()),
        };
    }

    static ConnectionFactory? Factory(string uri)
    {
        if (!Uri.TryCreate(uri, UriKind.Absolute, out var parsed)
            || parsed is not { Scheme: "amqp" or "amqps", Host.Length: > 0, Port: not 0, Query: "", Fragment: "", Segments.Length: <= 2 }
            || parsed.UserInfo.Count(sign => sign == ':') > 1)
        {
            return null;
        }
        return new ConnectionFactory { Uri = parsed, MaxInboundMessageBodySize = LargestMessage, RequestedHeartbeat = Heartbeat };
    }
}
