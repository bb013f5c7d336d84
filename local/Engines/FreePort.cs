using System.Net;
using System.Net.Sockets;

namespace Betting.Local.Engines;

/// <summary>Loopback ports that nobody listens on at this moment.</summary>
public static class FreePort
{
    static readonly Lock Gate = new();
    static readonly HashSet<int> Given = [];

    /// <summary>A port that this process has not handed out before, so that two engines never get the same one.</summary>
    public static int Take()
    {
        lock (Gate)
        {
            while (true)
            {
                using var probe = new TcpListener(IPAddress.Loopback, 0);
                probe.Start();
                var port = ((IPEndPoint)probe.LocalEndpoint).Port;
                if (Given.Add(port))
                {
                    return port;
                }
            }
        }
    }
}
