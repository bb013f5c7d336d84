using System.Net.Sockets;
using System.Security.Authentication;
using Betting.Hosting;

namespace Betting.Connections;

/// <summary>What a failed connection means, by its code.</summary>
public static class Network
{
    // What IOException has where the system's own number is not in it, as a file's failure has (a full disk).
    const int NoNumber = unchecked((int)0x80131620);

    /// <summary>
    /// True for a failure of a connection; false for one of a file, which has the same base type and says nothing of a server.
    /// </summary>
    public static bool IsConnection(IOException failure) =>
        failure is HttpIOException or EndOfStreamException
        || StoreFailures.Chain(failure).Any(each => each is SocketException or AuthenticationException or TimeoutException)
        || failure.GetType() == typeof(IOException) && failure.HResult == NoNumber;

    /// <summary>What it means in a few words.</summary>
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
