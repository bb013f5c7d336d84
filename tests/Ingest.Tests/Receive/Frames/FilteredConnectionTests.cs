using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Betting.Brokers;
using Betting.Ingest.Messages;
using Betting.Ingest.Receive.Frames;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Worker;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Tests.Ingest.Receive.Frames;

/// <summary>The filter in a connection to a real RabbitMQ.</summary>
public sealed class FilteredConnectionTests(Servers servers)
{
    static readonly TimeSpan Answers = TimeSpan.FromSeconds(20);

    static CancellationToken Ending => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Over_TLS_messages_are_sent_and_received_and_large_ones_are_cut()
    {
        var server = new Uri((await servers.RabbitAsync()).Uri);
        await using var wire = new TlsWire(server.Port);
        var cuts = new ContentCuts(new HeldBytes(0));
        var tls = new SslOption
        {
            Enabled = true,
            ServerName = "localhost",
            CertificateValidationCallback = (_, certificate, _, _) => certificate!.Equals(wire.Certificate),
        };
        var factory = new ConnectionFactory
        {
            HostName = "127.0.0.1",
            Port = wire.Port,
            UserName = "betting",
            Password = "betting",
            AutomaticRecoveryEnabled = false,
            SocketFactory = family => new FilteredTcpClient(family, tls, new FrameFilter(new ContentRule(cuts))),
        };
        await using var connection = await factory.CreateConnectionAsync(Ending);
        var channel = await ConfirmedChannel.OpenAsync(connection, Ending);
        var queue = (await channel.Channel.QueueDeclareAsync("", durable: false, exclusive: true, cancellationToken: Ending)).QueueName;
        foreach (var size in (int[])[10, 3_000_000, 20])
        {
            await channel.PublishAsync(queue, mandatory: true, new BasicProperties(), new byte[size], Ending);
        }

        var sizes = new List<(int, bool)>();
        for (var count = 0; count < 3; count++)
        {
            var message = (await channel.Channel.BasicGetAsync(queue, autoAck: true, Ending))!;
            sizes.Add((message.Body.Length, cuts.Take(message.DeliveryTag).IsBodyCut));
        }
        Assert.Equal([(10, false), (ContentRule.KeptBody, true), (20, false)], sizes);
    }

    [Fact]
    public async Task Any_headers_that_RabbitMQ_takes_are_read_or_left_out_and_the_connection_stays_open()
    {
        const int count = 5_000;
        var uri = (await servers.RabbitAsync()).Uri;
        var cuts = new ContentCuts(new HeldBytes(1_000_000));
        Assert.True(RabbitAddress.TryParse(uri, out var address));
        await using var connection = (
            await address.OpenAsync("test", () => new FrameFilter(new ContentRule(cuts)), Answers, Ending)
        ).Connection;
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Ending);
        var queue = (await channel.QueueDeclareAsync("", durable: false, exclusive: true, cancellationToken: Ending)).QueueName;
        var random = new Random(141);
        var (read, left) = (0, 0);
        await using var raw = await RawPublisher.OpenAsync(uri);
        for (var number = 0; number < count; number++)
        {
            var table = Table(random, random.Next(20) == 0 ? 40 : 3);
            await raw.PublishAsync(queue, table, [1, 2, 3]);
            var message = (await channel.BasicGetAsync(queue, autoAck: true, Ending))!;
            Assert.Equal([1, 2, 3], message.Body.ToArray());
            Assert.Equal("m-1", message.BasicProperties.MessageId);
            var cut = cuts.Take(message.DeliveryTag);
            if (cut.Headers.Count > 0)
            {
                left++;
                Assert.Null(message.BasicProperties.Headers);
            }
            else
            {
                read++;
                Assert.Equal(table.Length == 0, message.BasicProperties.Headers is null);
            }
        }
        Assert.True(connection.IsOpen);
        Assert.InRange(left, count / 20, count);
        Assert.InRange(read, count / 20, count);
    }

    // Values of every type that RabbitMQ parses, in tables and arrays of some depth.
    static byte[] Table(Random random, int depth) =>
        [
            .. Enumerable
                .Range(0, random.Next(4))
                .SelectMany(number => RawPublisher.Entry($"h{number}", Value(random, depth, out var bytes), bytes)),
        ];

    static char Value(Random random, int depth, out byte[] bytes)
    {
        var type = "SxFADLlTtbBsuIifdV"[random.Next(18)];
        bytes = type switch
        {
            'S' or 'x' => RawPublisher.Sized(new byte[random.Next(20)]),
            'F' => RawPublisher.Sized(depth == 0 ? [] : Table(random, depth - 1)),
            // A deep one has one value at each level.
            'A' => RawPublisher.Sized([
                .. Enumerable
                    .Range(0, depth == 0 ? 0 : 1)
                    .SelectMany(_ => (byte[])[(byte)Value(random, depth - 1, out var inner), .. inner]),
            ]),
            'D' => [(byte)random.Next(random.Next(4) == 0 ? 256 : 29), 0, 0, 0, 7],
            't' or 'b' or 'B' => [1],
            's' or 'u' => [1, 2],
            'I' or 'i' or 'f' => [0, 0, 0, 1],
            'V' => [],
            _ => [0, 0, 0, 0, 0, 0, 0, 1],
        };
        return type;
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_is_refused()
    {
        await using var wire = new TlsWire(new Uri((await servers.RabbitAsync()).Uri).Port);
        Assert.True(RabbitAddress.TryParse($"amqps://betting:betting@localhost:{wire.Port}/", out var address));

        var failure = await Assert.ThrowsAsync<BrokerUnreachableException>(() =>
            address.OpenAsync("test", () => new FrameFilter(new ContentRule(new ContentCuts(new HeldBytes(0)))), Answers, Ending)
        );

        Assert.Contains(Inner(failure), inner => inner is AuthenticationException);
    }

    [Fact]
    public async Task Of_several_nodes_one_that_answers_is_taken_and_the_ones_that_do_not_are_named_together()
    {
        var server = new Uri((await servers.RabbitAsync()).Uri);
        Assert.True(RabbitAddress.TryParse($"amqp://betting:betting@127.0.0.1:1,127.0.0.1:{server.Port}/", out var address));
        static FrameFilter New() => new FrameFilter(new ContentRule(new ContentCuts(new HeldBytes(0))));
        for (var attempt = 0; attempt < 5; attempt++)
        {
            await using var connection = (await address.OpenAsync("test", New, Answers, Ending)).Connection;
            Assert.Equal(server.Port, connection.Endpoint.Port);
        }

        Assert.True(RabbitAddress.TryParse("amqp://betting:betting@127.0.0.1:1,127.0.0.1:2/", out var away));
        var failure = await Assert.ThrowsAsync<BrokerUnreachableException>(() => away.OpenAsync("test", New, Answers, Ending));
        Assert.Equal("connection refused", RabbitTrouble.Describe(failure));
        Assert.True(RabbitAddress.TryParse($"amqp://betting:wrong@127.0.0.1:1,127.0.0.1:{server.Port}/", out var refused));
        Assert.True(
            RabbitTrouble.IsRefused(
                await Assert.ThrowsAsync<BrokerUnreachableException>(() => refused.OpenAsync("test", New, Answers, Ending))
            )
        );
    }

    /// <summary>A node that stands still takes connections and says nothing. The watch gives 15 s for all nodes together.</summary>
    [Fact]
    public async Task A_node_that_is_silent_does_not_keep_the_one_that_answers_waiting()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var server = new Uri((await servers.RabbitAsync()).Uri);
        Assert.True(
            RabbitAddress.TryParse(
                $"amqp://betting:betting@127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port},127.0.0.1:{server.Port}/",
                out var address
            )
        );

        // Each attempt begins with one of the two.
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(async _ =>
                {
                    using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15), TimeProvider.System);
                    await using var connection = await address.OpenAsync("test", limit.Token);
                    Assert.Equal(server.Port, connection.Endpoint.Port);
                })
        );
    }

    static IEnumerable<Exception> Inner(Exception? failure) =>
        failure is null
            ? []
            :
            [
                failure,
                .. failure is AggregateException several ? several.InnerExceptions.SelectMany(Inner) : Inner(failure.InnerException),
            ];
}
