using System.Globalization;
using System.Net.Sockets;
using Betting.CdcSink.Join;
using ClickHouse.Driver;

namespace Betting.CdcSink.Write;

/// <summary>What a failure is, by its code; never by its text.</summary>
static class ClickHouseErrors
{
    /// <summary>True where the same statement may succeed later; <paramref name="code"/> names the failure in metrics and logs.</summary>
    public static bool WillPass(Exception failure, CancellationToken stopping, out string code) =>
        Classify(failure, stopping, out code) is FailureClass.Away or FailureClass.TooMuch;

    /// <returns>What to do; null where this is no failure of ClickHouse, or the worker was asked to stop.</returns>
    public static FailureClass? Classify(Exception failure, CancellationToken stopping, out string code)
    {
        code = failure switch
        {
            // The code is 0 or below where the answer is not ClickHouse's own: a proxy's, or one that was cut off.
            ClickHouseServerException { ErrorCode: > 0 } server => server.ErrorCode.ToString(CultureInfo.InvariantCulture),
            ClickHouseServerException => "no-code",
            MissingChangesException => "not-shown",
            HttpRequestException or SocketException or IOException => "unreachable",
            OperationCanceledException or TimeoutException => "timeout",
            _ => "other",
        };
        return failure switch
        {
            ClickHouseServerException { ErrorCode: > 0 } server => FailureTable.Of(server.ErrorCode),
            ClickHouseServerException or HttpRequestException or SocketException or IOException or TimeoutException => FailureClass.Away,
            OperationCanceledException when !stopping.IsCancellationRequested => FailureClass.Away,
            _ => null,
        };
    }
}
