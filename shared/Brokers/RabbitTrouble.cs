using System.Net.Sockets;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Brokers;

/// <summary>What a failure of RabbitMQ.Client means, in a few words without a secret.</summary>
public static class RabbitTrouble
{
    /// <returns>Null where it is none of that client's.</returns>
    public static string? Describe(Exception failure) =>
        failure switch
        {
            QueueMismatchException or QueueNotMadeException => failure.Message,
            AuthenticationFailureException or PossibleAuthenticationFailureException => "it refuses access: look at user, password and "
                + "virtual host",
            OperationInterruptedException { ShutdownReason: { ReplyCode: Constants.AccessRefused or Constants.NotAllowed } reason } =>
                $"it refuses access: {reason.ReplyText}",
            OperationInterruptedException { ShutdownReason.ReplyCode: Constants.ResourceLocked } => "somebody else looks at it and holds "
                + "what he sees; ask again later",
            OperationInterruptedException { ShutdownReason: { } reason } => $"{reason.ReplyText} ({reason.ReplyCode})",
            BrokerUnreachableException => Inner(failure) ?? "no connection",
            ConnectFailureException => Inner(failure) ?? "no connection",
            RabbitMQClientException => Inner(failure) ?? failure.GetType().Name,
            _ => null,
        };

    /// <summary>The same, and a name for any other failure.</summary>
    public static string DetailOf(Exception failure) =>
        Describe(failure) ?? (failure is OperationCanceledException ? "no answer in time" : failure.GetType().Name);

    /// <summary>True where the broker answers but does not let this user in.</summary>
    public static bool IsRefused(Exception failure) => Describe(failure)?.StartsWith("it refuses", StringComparison.Ordinal) ?? false;

    static string? Inner(Exception failure)
    {
        IEnumerable<Exception> inner =
            failure.InnerException is AggregateException several ? several.InnerExceptions
            : failure.InnerException is { } one ? [one]
            : [];
        var described = inner
            .Select(each =>
                Describe(each)
                ?? (
                    Innermost(each) is SocketException socket ? Of(socket)
                    : each is TimeoutException ? "no answer in time"
                    : null
                )
            )
            .OfType<string>()
            .ToList();
        // Of several nodes, the one that answered says more.
        return described.Find(detail => detail.StartsWith("it refuses", StringComparison.Ordinal)) ?? described.FirstOrDefault();
    }

    static Exception Innermost(Exception failure) => failure.InnerException is { } inner ? Innermost(inner) : failure;

    static string Of(SocketException socket) =>
        socket.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "connection refused",
            SocketError.HostNotFound => "the name of the host is not known",
            var code => code.ToString(),
        };
}
