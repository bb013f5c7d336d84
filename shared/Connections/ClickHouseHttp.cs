using System.Net;
using System.Net.Sockets;

namespace Betting.Connections;

/// <summary>
/// HTTP clients for ClickHouse whose connections fail soon when they lead nowhere. A statement may take minutes, so its time limit cannot
/// tell a server that works from a connection that is dead; TCP can, because the machine of a server that works acknowledges.
/// docs/decisions/silent-connections.md.
/// </summary>
/// <param name="timeout">For the whole of a statement.</param>
public sealed class ClickHouseHttp(TimeSpan timeout) : IHttpClientFactory
{
    // One pool for the process, which is never closed.
    static readonly SocketsHttpHandler Handler = new()
    {
        ConnectCallback = async (context, cancellation) => await ConnectAsync(context.DnsEndPoint, cancellation),
        // The driver's own: shorter than ClickHouse's keep_alive_timeout of 10 s.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
        // A host name may lead to another machine by then.
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
    };

    public HttpClient CreateClient(string name) => new(Handler, disposeHandler: false) { Timeout = timeout };

    // A socket of its own for each address of the name: one whose options were set cannot be used for a second attempt.
    static async ValueTask<Stream> ConnectAsync(DnsEndPoint server, CancellationToken cancellation)
    {
        var addresses = await Dns.GetHostAddressesAsync(server.Host, server.AddressFamily, cancellation);
        for (var next = 0; ; next++)
        {
            Socket? socket = null;
            try
            {
                socket = new Socket(addresses[next].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                SilentConnections.EndSoon(socket);
                await socket.ConnectAsync(addresses[next], server.Port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException) when (next + 1 < addresses.Length)
            {
                socket?.Dispose();
            }
            catch
            {
                socket?.Dispose();
                throw;
            }
        }
    }
}
