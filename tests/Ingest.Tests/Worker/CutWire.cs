using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Betting.Tests.Ingest.Worker;

/// <summary>A port of this machine that leads to another one until it is cut; then its connections are gone and no new one is taken.</summary>
sealed class CutWire : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly ConcurrentBag<Socket> _sockets = [];
    readonly ConcurrentDictionary<Socket, bool> _stalled = [];
    readonly Task _accepting;

    /// <param name="to">The port that it leads to.</param>
    public CutWire(int to)
    {
        _listener.Start();
        _accepting = AcceptAsync(to);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Cut()
    {
        _listener.Stop();
        Break();
    }

    /// <summary>Ends the connections that there are; new ones are taken.</summary>
    public void Break()
    {
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }
    }

    /// <summary>The connections that there are stay open and carry nothing any more; new ones are taken and do.</summary>
    public void Stall()
    {
        foreach (var socket in _sockets)
        {
            _stalled.TryAdd(socket, true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        await _accepting;
    }

    async Task AcceptAsync(int to)
    {
        try
        {
            while (true)
            {
                var from = await _listener.AcceptSocketAsync();
                var onward = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await onward.ConnectAsync(IPAddress.Loopback, to);
                _sockets.Add(from);
                _sockets.Add(onward);
                _ = PumpAsync(from, onward);
                _ = PumpAsync(onward, from);
            }
        }
        catch (Exception cut) when (cut is SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }

    async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var read)
            {
                for (var sent = 0; sent < read && !_stalled.ContainsKey(from);)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
                }
            }
            if (!_stalled.ContainsKey(from))
            {
                to.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception cut) when (cut is SocketException or ObjectDisposedException)
        {
        }
    }
}
