using System.Net.Sockets;
using System.Security.Authentication;
using Betting.Hosting;

namespace Betting.Connections;

/// <summary>What a failed connection means, by its code.</summary>
static class Network
{
    public static string Describe(Exception failure)
    {
        foreach (var each in StoreFailures.Chain(failure))
        {
            switch (each)
            {
                case SocketException socket:
                    return socket.SocketErrorCode switch
                    {
                        SocketError.ConnectionRefused => "connection refused",
                        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "the name of the host is not known",
                        SocketError.TimedOut => "no answer in time",
                        SocketError.ConnectionReset or SocketError.ConnectionAborted => "the connection broke",
                        _ => socket.SocketErrorCode.ToString(),
                    };
                case TimeoutException:
                    return "no answer in time";
                case AuthenticationException:
                    return "TLS could not be agreed on: look at certificates and protocol";
                case EndOfStreamException:
                    return "the connection broke";
            }
        }
        return failure is IOException ? "the connection broke" : "no connection";
    }
}
