using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.RabbitMq;

/// <summary>
/// Which failures of a publish say something about the message: by AMQP reply code, never by text; docs/failures.md has them.
/// </summary>
public static class RabbitRefusals
{
    /// <summary>Reply codes by which a broker closes a channel or a connection because of what was sent.</summary>
    public static readonly IReadOnlySet<ushort> Codes = new HashSet<ushort>
    {
        Constants.ContentTooLarge,
        Constants.PreconditionFailed,
        Constants.FrameError,
        Constants.SyntaxError,
        Constants.CommandInvalid,
        Constants.UnexpectedFrame,
    };

    public static bool IsRefusal(Exception failure) =>
        failure switch
        {
            OperationInterruptedException closed => closed.ShutdownReason is { } reason && Codes.Contains(reason.ReplyCode),
            // The client cannot write it: a name longer than 255 bytes, a value of no AMQP type.
            WireFormattingException or ArgumentException or OverflowException => true,
            _ => false,
        };
}
