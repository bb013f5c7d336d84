using System.Net;
using System.Net.Sockets;
using System.Text;
using Betting.Connections;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using Xunit;

namespace Betting.Tests.CdcSink.Worker;

/// <summary>
/// Established connections to ClickHouse carry nothing any more, and new ones work: a firewall or load balancer has lost its state.
/// </summary>
public sealed class SilentConnectionTests(Servers servers)
{
    // TCP gives a connection up after 20 s without an acknowledgement; the driver itself would wait 120 s. The rest is for a slow machine.
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    static readonly byte[] Answer = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\n1\n");

    readonly Made _made = new();

    [Fact]
    public async Task The_batch_goes_on_within_a_minute_and_readiness_says_meanwhile_that_it_is_not_taken()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        using var client = new ClickHouseClient(sink.ConnectionString);
        var direct = new ClickHouseConnectionStringBuilder(sink.ConnectionString);
        await using var wire = new CutWire(direct.Port);
        var (setting, address) = SinkProcess.Listening();
        var through = new ClickHouseConnectionStringBuilder(sink.ConnectionString) { Host = "127.0.0.1", Port = (ushort)wire.Port };
        await using var worker = new SinkProcess(stream.StartWorker(through.ConnectionString, [setting]), address);
        await stream.SendAsync([_made.Event(1), _made.User(1), .. Bets(0)]);
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(client));
        await Deadline.UntilAsync("readiness", Limit, async () => await worker.StatusAsync("/health/ready") == HttpStatusCode.OK);

        // A batch is in hand when the packets get lost: the records before it have just come.
        await stream.SendAsync(Bets(1000));
        wire.Lose();
        var lost = TimeProvider.System.GetTimestamp();
        await stream.SendAsync(Bets(2000));
        var isToldNotTaken = false;
        await Deadline.UntilAsync("everything visible", Limit, async () =>
        {
            isToldNotTaken |= (await worker.BodyAsync("/health/ready")).Contains("\"clickhouse-writes\":", StringComparison.Ordinal);
            return await stream.IsVisibleAsync(client);
        });
        TestContext.Current.SendDiagnosticMessage($"visible after {TimeProvider.System.GetElapsedTime(lost).TotalSeconds:F1} s");
        await Deadline.UntilAsync("readiness", Limit, async () => await worker.StatusAsync("/health/ready") == HttpStatusCode.OK);

        Assert.True(isToldNotTaken);
    }

    [Fact]
    public async Task Each_address_of_a_name_is_tried_until_one_takes_the_connection()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var settings = ClickHouseSettings.Of(
            new ClickHouseConnectionStringBuilder(sink.ConnectionString) { Host = "localhost" }.ConnectionString
        );
        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Join(", ", await Dns.GetHostAddressesAsync("localhost", TestContext.Current.CancellationToken))
        );
        using var client = new ClickHouseClient(settings);

        Assert.Equal(
            "1",
            Convert.ToString(
                await client.ExecuteScalarAsync("SELECT 1", cancellationToken: TestContext.Current.CancellationToken),
                System.Globalization.CultureInfo.InvariantCulture
            )
        );
    }

    [Fact]
    public async Task A_statement_whose_connection_is_lost_while_its_answer_is_waited_for_ends_by_keepalive()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var wire = new CutWire(((IPEndPoint)listener.LocalEndpoint).Port);
        using var client = new ClickHouseClient(ClickHouseSettings.Plain($"Host=127.0.0.1;Port={wire.Port};Compression=false"));

        var asking = client.ExecuteScalarAsync("SELECT 1", cancellationToken: TestContext.Current.CancellationToken);
        using var server = await RequestAsync(listener);
        wire.Lose();

        var failure = await Assert.ThrowsAnyAsync<HttpRequestException>(() =>
            asking.WaitAsync(Limit, TestContext.Current.CancellationToken)
        );
        Assert.Contains(Causes(failure), cause => cause is SocketException { SocketErrorCode: SocketError.TimedOut });
    }

    [Fact]
    public async Task A_statement_that_takes_longer_than_a_connection_may_be_silent_is_not_cut()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var client = new ClickHouseClient(ClickHouseSettings.Plain($"Host=127.0.0.1;Port={port};Compression=false"));

        var posting = client.PostStreamAsync(
            "INSERT INTO t FORMAT Native",
            new MemoryStream(new byte[1000]),
            isCompressed: false,
            TestContext.Current.CancellationToken
        );
        using var server = await RequestAsync(listener);
        var received = TimeProvider.System.GetTimestamp();
        await Deadline.UntilAsync("the end of the statement", Limit, () =>
            Task.FromResult(posting.IsCompleted || TimeProvider.System.GetElapsedTime(received) > TimeSpan.FromSeconds(30))
        );
        Assert.False(posting.IsCompleted);
        await server.SendAsync(Answer, TestContext.Current.CancellationToken);

        using var answer = await posting;
        Assert.True(answer.IsSuccessStatusCode);
    }

    // The request's end is not looked for: it is small.
    static async Task<Socket> RequestAsync(TcpListener listener)
    {
        var server = await listener.AcceptSocketAsync();
        Assert.True(await server.ReceiveAsync(new byte[64 * 1024]) > 0);
        return server;
    }

    static IEnumerable<Exception> Causes(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            yield return failure;
        }
    }

    IEnumerable<Betting.Debezium.StreamRecord> Bets(int first) =>
        Enumerable.Range(first, 600).Select(id => _made.Bet(id, Made.Columns(), partition: id % 3));
}
