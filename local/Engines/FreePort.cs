using System.Net;
using System.Net.Sockets;

namespace Betting.Local.Engines;

/// <summary>Loopback ports that nobody listens on at this moment.</summary>
/// <remarks>
/// They lie below the ports that Linux gives to outgoing connections (32768 to 60999, ip_local_port_range): one of those could
/// otherwise take a port between the moment it is found free and the moment its engine listens.
/// </remarks>
public static class FreePort
{
    const int Lowest = 15_000,
        Highest = 32_000;

    static readonly Lock Gate = new();
    static readonly HashSet<int> Given = [];

    /// <summary>A port that this process has not handed out before, so that two engines never get the same one.</summary>
    /// <param name="offsets">What else the engine takes, in ports above the answer.</param>
    public static int Take(params ReadOnlySpan<int> offsets)
    {
        lock (Gate)
        {
            while (true)
            {
                // Random, because other processes take ports in the same way at the same moment.
                var port = Random.Shared.Next(Lowest, Highest);
                if (TryTake(port, offsets))
                {
                    return port;
                }
            }
        }
    }

    static bool TryTake(int port, ReadOnlySpan<int> offsets)
    {
        if (!IsFree(port))
        {
            return false;
        }
        foreach (var offset in offsets)
        {
            if (!IsFree(port + offset))
            {
                return false;
            }
        }
        Given.Add(port);
        foreach (var offset in offsets)
        {
            Given.Add(port + offset);
        }
        return true;
    }

    static bool IsFree(int port)
    {
        if (Given.Contains(port))
        {
            return false;
        }
        using var probe = new TcpListener(IPAddress.Loopback, port);
        try
        {
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
