using System.Net.Sockets;
using Betting.Ingest.Store;
using Npgsql;

namespace Betting.Ingest.Batches;

/// <summary>What to do after a batch has failed.</summary>
public enum FailureClass
{
    /// <summary>PostgreSQL is away, overloaded, read-only or not set up: wait and try the same batch again.</summary>
    Wait,

    /// <summary>Another transaction was in the way: try again at once, as often as it takes; of those in one another's way one gets through.</summary>
    Again,

    /// <summary>Another transaction took an id meanwhile: tried again, this one sees it.</summary>
    Taken,

    /// <summary>The data itself is at fault: one of the commands has to be put aside.</summary>
    Data,
}

/// <summary>Failures classed by SQLSTATE, never by text.</summary>
public static class Failure
{
    /// <summary>What is counted where no SQLSTATE came.</summary>
    public const string NoState = "none";

    public static FailureClass ClassOf(Exception failure) => failure switch
    {
        ReleaseFirstException => FailureClass.Again,
        ReleaseStuckException => FailureClass.Wait,
        PostgresException
        {
            SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable
        } => FailureClass.Again,
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } => FailureClass.Taken,
        // 22: data exceptions; 23: integrity constraints; P0: raised by a trigger.
        PostgresException { SqlState: ['2', '2' or '3', ..] or ['P', '0', ..] } => FailureClass.Data,
        // Everything else that the server or the way to it says is no command's fault: 08, 25006, 28, 42, 53, 57, 58, XX …
        NpgsqlException or SocketException or IOException or TimeoutException => FailureClass.Wait,
        // What is thrown before anything is sent: a value that the driver cannot write.
        _ => FailureClass.Data,
    };

    public static string StateOf(Exception failure) => (failure as PostgresException)?.SqlState ?? NoState;

    /// <summary>The pool may hold more connections to the same server that was shut down or is no longer the primary.</summary>
    public static bool SpoilsPool(Exception failure) => failure is PostgresException
    {
        SqlState: PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow,
    };
}
