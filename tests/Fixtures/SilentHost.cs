using System.Net;
using System.Net.Sockets;

namespace Betting.Tests.Fixtures;

/// <summary>
/// A port of this machine whose connections are neither taken nor refused, as of a machine without power: the queue of the socket is full.
/// </summary>
public sealed class SilentHost : IDisposable
{
    readonly Socket _listener = NewSocket();
    readonly List<Socket> _queued = [];

    public SilentHost()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(0);
        // Linux takes one connection more than the length of the queue.
        while (TryConnect()) { }
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose()
    {
        _listener.Dispose();
        _queued.ForEach(socket => socket.Dispose());
    }

    static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    bool TryConnect()
    {
        var socket = NewSocket();
        _queued.Add(socket);
        return socket.ConnectAsync(_listener.LocalEndPoint!).Wait(TimeSpan.FromMilliseconds(500));
    }
}
