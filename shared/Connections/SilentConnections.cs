using System.Net.Sockets;

namespace Betting.Connections;

/// <summary>
/// TCP options with which a connection ends when the other machine does not acknowledge any more, for example behind a firewall that lost
/// its state.
/// </summary>
static class SilentConnections
{
    /// <summary>How long sent bytes, or probes of an idle connection, may stay without an acknowledgement.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    const int IdleSeconds = 10,
        IntervalSeconds = 5,
        Probes = 3;

    // The numbers of IPPROTO_TCP and of TCP_USER_TIMEOUT in Linux, for which .NET has no names.
    const int Tcp = 6,
        UserTimeout = 18;

    /// <summary>
    /// The connection fails with <see cref="SocketError.TimedOut"/> after <see cref="Limit"/>; elsewhere than on Linux only while nothing
    /// that was sent is unacknowledged.
    /// </summary>
    public static void EndSoon(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, IdleSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, IntervalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes);
        if (OperatingSystem.IsLinux())
        {
            // Keepalive sends no probes while sent bytes are unacknowledged: those are sent again for a quarter of an hour.
            socket.SetRawSocketOption(Tcp, UserTimeout, BitConverter.GetBytes((int)Limit.TotalMilliseconds));
        }
    }
}
