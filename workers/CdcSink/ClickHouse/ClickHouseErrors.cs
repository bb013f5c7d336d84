using System.Globalization;
using System.Net.Sockets;
using Betting.Connections;
using Betting.Hosting;
using ClickHouse.Driver;

namespace Betting.CdcSink.ClickHouse;

/// <summary>The class of a failure, by its code or type.</summary>
static class ClickHouseErrors
{
    /// <summary>ClickHouse's code for too many parts, and for too many partitions in one block.</summary>
    public const int TooManyParts = 252;

    /// <summary>The name of a time limit that ran out, the client's or the caller's.</summary>
    public const string Timeout = "timeout";

    /// <summary>True where the failed step may be repeated; <paramref name="code"/> names the failure in metrics and logs.</summary>
    public static bool IsRetryable(Exception failure, CancellationToken stopping, out string code) =>
        Classify(failure, stopping, out code) is FailureClass.Unavailable or FailureClass.TooMuch or FailureClass.Unknown;

    /// <summary>
    /// True where a smaller statement may succeed: <see cref="FailureClass.TooMuch"/> and <see cref="FailureClass.Unknown"/>.
    /// </summary>
    public static bool AsksForLess(Exception failure, CancellationToken stopping) =>
        Classify(failure, stopping, out _) is FailureClass.TooMuch or FailureClass.Unknown;

    /// <summary>The class of a failure. Null where it is no failure of ClickHouse: a cancellation, or a fault of the sink itself.</summary>
    /// <remarks>
    /// A code of <see cref="FailureClass.Data"/> counts only in an <see cref="OwnRowsRefusedException"/>. In the answer to any other
    /// statement, such as a read of a damaged part, it says nothing about a record: it is <see cref="FailureClass.Unknown"/>.
    /// </remarks>
    /// <param name="failure">What was thrown.</param>
    /// <param name="stopping">The caller's token. Any other cancellation is that of a time limit.</param>
    /// <param name="code">Names the failure in metrics and logs.</param>
    public static FailureClass? Classify(Exception failure, CancellationToken stopping, out string code)
    {
        (code, var kind) = failure switch
        {
            OwnRowsRefusedException own when IsOwn(own.Refusal) => (CodeOf(own.Refusal), FailureTable.Of(own.Refusal.ErrorCode)),
            ClickHouseServerException server when IsOwn(server) => (CodeOf(server), OfAnyStatement(FailureTable.Of(server.ErrorCode))),
            // An answer that is not ClickHouse's: a proxy's, or one that was cut off. A proxy limits sizes and times too.
            ClickHouseServerException or OwnRowsRefusedException => ("no-code", FailureClass.Unknown),
            MissingChangesException => ("not-shown", FailureClass.Unavailable),
            // TCP gave a connection up in the middle of a statement. It was dead, or the server has not read the statement's body for as
            // long.
            HttpRequestException { HttpRequestError: not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError) } cut
                when IsTimedOut(cut) => (Timeout, FailureClass.TooMuch),
            IOException cut when IsTimedOut(cut) => (Timeout, FailureClass.TooMuch),
            HttpRequestException or SocketException => ("unreachable", FailureClass.Unavailable),
            // A file that cannot be read or written is no outage.
            IOException connection when Network.IsConnection(connection) => ("unreachable", FailureClass.Unavailable),
            // The client's or the caller's time limit: a smaller statement may finish within it. The caller's cancellation is no failure.
            TimeoutException => (Timeout, FailureClass.TooMuch),
            OperationCanceledException when !stopping.IsCancellationRequested => (Timeout, FailureClass.TooMuch),
            _ => ("other", (FailureClass?)null),
        };
        return kind;
    }

    static bool IsTimedOut(Exception failure) =>
        StoreFailures.Chain(failure).Any(each => each is SocketException { SocketErrorCode: SocketError.TimedOut });

    static string CodeOf(ClickHouseServerException failure) => failure.ErrorCode.ToString(CultureInfo.InvariantCulture);

    static FailureClass OfAnyStatement(FailureClass kind) => kind == FailureClass.Data ? FailureClass.Unknown : kind;

    /// <summary>
    /// True for an answer in the form in which ClickHouse writes its exceptions. The driver takes the first number of any other answer,
    /// such as "502 Bad Gateway", for a code.
    /// </summary>
    static bool IsOwn(ClickHouseServerException failure)
    {
        var said = failure.ErrorCode > 0 ? string.Create(CultureInfo.InvariantCulture, $"Code: {failure.ErrorCode}") : "\0";
        var at = failure.Message.IndexOf(said, StringComparison.Ordinal);
        return at >= 0 && (at + said.Length == failure.Message.Length || !char.IsAsciiDigit(failure.Message[at + said.Length]));
    }
}
