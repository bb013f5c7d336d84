using System.Net.Sockets;
using System.Text;
using Betting.Connections;
using Npgsql;

namespace Betting.Ingest.Failures;

/// <summary>Failures classed by SQLSTATE or by type, never by text.</summary>
public static class Failure
{
    /// <summary>What is counted where no SQLSTATE came.</summary>
    public const string NoState = "none";

    public static FailureClass ClassOf(Exception failure) =>
        failure switch
        {
            OperationCanceledException => FailureClass.Cancelled,
            // The door looks about once a second, and gives the batch up.
            ReleaseFirstException or OtherServerException => FailureClass.Contention,
            ReleaseTooLargeException => FailureClass.TooMuch,
            PostgresClockException or CommitNotKnownException or ServerRefusesException => FailureClass.Unavailable,
            PostgresException refused when SqlStates.IsOutOfTransactionIds(refused.SqlState, refused.File) => FailureClass.Unavailable,
            PostgresException refused => SqlStates.ClassOf(refused.SqlState),
            // Npgsql's command timeout and its connection timeout look alike; halving does no harm where PostgreSQL is away.
            TimeoutException or NpgsqlException { InnerException: TimeoutException } => FailureClass.TooMuch,
            NpgsqlException or SocketException => FailureClass.Unavailable,
            IOException connection when Network.IsConnection(connection) => FailureClass.Unavailable,
            RowsNotSavedException => FailureClass.Configuration,
            // Npgsql cannot write a text that has no UTF-8 form.
            EncoderFallbackException => FailureClass.Data,
            _ => FailureClass.Unknown,
        };

    public static string StateOf(Exception failure) =>
        failure switch
        {
            PostgresException refused => refused.SqlState,
            ServerRefusesException { InnerException: { } cause } => StateOf(cause),
            _ => NoState,
        };

    /// <summary>The class as docs/failures.md and the metrics write it.</summary>
    public static string NameOf(FailureClass kind) =>
        kind switch
        {
            FailureClass.TooMuch => "too much",
            FailureClass.Data => "this data",
            FailureClass.IdTaken => "id taken",
            _ => kind.ToString().ToLowerInvariant(),
        };

    /// <summary>The failure in one line, with the reason below it where there is one.</summary>
    public static string LineOf(Exception failure)
    {
        var text =
            failure.InnerException is { } cause && failure is not (PostgresException or ServerRefusesException)
                ? $"{failure.Message}: {cause.Message}"
                : failure.Message;
        var end = text.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? text : text[..end];
    }

    /// <summary>
    /// The session may be the cause: it keeps the settings that its role and its database had when it began, and leads to the server that
    /// was the primary then. A role without connections left gains nothing from opening them anew.
    /// </summary>
    public static bool MayBeTheSession(Exception failure) =>
        failure is PostgresException { SqlState: not PostgresErrorCodes.TooManyConnections };
}
