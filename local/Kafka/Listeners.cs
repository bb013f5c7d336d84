using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Betting.Local.Kafka;

/// <summary>Puts the mock brokers on chosen ports.</summary>
/// <remarks>
/// The mock cluster binds free ports and has no option for others. A relay in front of it would copy every byte of the hot path
/// twice; instead a socket that listens on the wanted port takes the place (dup2) of the broker's own listening socket.
/// </remarks>
static partial class Listeners
{
    const int SolSocket = 1,
        SoAcceptConn = 30,
        Backlog = 128;

    /// <summary>Descriptors of this process that listen.</summary>
    public static HashSet<int> All()
    {
        var listening = new HashSet<int>();
        foreach (string entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            int descriptor = int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture);
            int length = sizeof(int);
            if (getsockopt(descriptor, SolSocket, SoAcceptConn, out int accepts, ref length) == 0 && accepts == 1)
                listening.Add(descriptor);
        }
        return listening;
    }

    /// <summary>Lets the listening descriptor listen on a port of loopback instead of its own.</summary>
    /// <returns>The port: <paramref name="port"/>, or the free one that was taken for 0.</returns>
    /// <exception cref="SocketException">The port is in use.</exception>
    public static int Move(int descriptor, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        socket.Listen(Backlog);
        if (dup2((int)socket.Handle, descriptor) < 0)
            throw new InvalidOperationException(
                $"dup2 failed with errno {Marshal.GetLastPInvokeError()}: the broker cannot listen on port {port}"
            );
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup2(int from, int to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(int descriptor, int level, int option, out int value, ref int length);
}
