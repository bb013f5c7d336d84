using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Betting.Tests.Fixtures;

/// <summary>
/// A port of this machine that leads to another one until it is cut; then its connections are gone and no new one is taken.
/// </summary>
public sealed class CutWire : IAsyncDisposable
{
    // Of Linux: SOL_SOCKET, SO_ATTACH_FILTER, and the only instruction of a filter that keeps no byte of a packet.
    const int SocketLevel = 1,
        AttachFilter = 26,
        KeepNothing = 0x06;

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly Lock _gate = new();
    readonly List<Connection> _connections = [];
    readonly Task _accepting;

    /// <param name="to">The port that it leads to.</param>
    public CutWire(int to)
    {
        _listener.Start();
        _accepting = AcceptAsync(to);
    }

    /// <summary>How fast each direction of a connection carries, in bytes a second; 0 where it is not slowed.</summary>
    public int BytesPerSecond { get; set; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Cut()
    {
        _listener.Stop();
        Break();
    }

    /// <summary>Ends the connections that there are; new ones are taken.</summary>
    public void Break() =>
        Connections()
            .ForEach(connection =>
            {
                connection.Client.Dispose();
                connection.Server.Dispose();
            });

    /// <summary>
    /// The connections that there are stay open and carry nothing any more; what is sent is acknowledged. New ones are taken and carry.
    /// </summary>
    public void Stall() => Connections().ForEach(connection => connection.IsStalled = true);

    /// <summary>
    /// The packets of connections that there are get lost, in both directions and without a sign, as behind a firewall that has forgotten
    /// them. Nothing is acknowledged, not even a probe. New connections are taken and carry.
    /// </summary>
    /// <param name="from">The number of the first connection that is lost, in the order in which they were made.</param>
    public void Lose(int from = 0)
    {
        foreach (var connection in Connections().Skip(from))
        {
            connection.IsStalled = true;
            DropPackets(connection.Client);
            DropPackets(connection.Server);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        await _accepting;
    }

    List<Connection> Connections()
    {
        lock (_gate)
        {
            return [.. _connections];
        }
    }

    async Task AcceptAsync(int to)
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync();
                var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await server.ConnectAsync(IPAddress.Loopback, to);
                var connection = new Connection(client, server);
                lock (_gate)
                {
                    _connections.Add(connection);
                }
                _ = PumpAsync(connection, client, server);
                _ = PumpAsync(connection, server, client);
            }
        }
        catch (Exception cut) when (cut is SocketException or ObjectDisposedException or InvalidOperationException) { }
    }

    async Task PumpAsync(Connection connection, Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var read)
            {
                for (var sent = 0; sent < read && !connection.IsStalled; )
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
                }
                if (BytesPerSecond > 0)
                {
                    await Task.Delay(TimeSpan.FromSeconds((double)read / BytesPerSecond), TimeProvider.System);
                }
            }
            if (!connection.IsStalled)
            {
                to.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception cut) when (cut is SocketException or ObjectDisposedException) { }
    }

    // The kernel drops what arrives for the socket before TCP sees it.
    static void DropPackets(Socket socket)
    {
        var instruction = Marshal.AllocHGlobal(sizeof(long));
        try
        {
            Marshal.WriteInt64(instruction, KeepNothing);
            Span<byte> program = stackalloc byte[16];
            program.Clear();
            program[0] = 1;
            MemoryMarshal.Write(program[8..], instruction);
            socket.SetRawSocketOption(SocketLevel, AttachFilter, program);
        }
        catch (Exception closed) when (closed is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.NotSocket }) { }
        finally
        {
            Marshal.FreeHGlobal(instruction);
        }
    }

    sealed class Connection(Socket client, Socket server)
    {
        volatile bool _isStalled;

        public Socket Client => client;

        public Socket Server => server;

        public bool IsStalled
        {
            get => _isStalled;
            set => _isStalled = value;
        }
    }
}
