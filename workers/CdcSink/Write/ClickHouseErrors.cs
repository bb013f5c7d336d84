using System.Globalization;
using System.Net.Sockets;
using ClickHouse.Driver;

namespace Betting.CdcSink.Write;

/// <summary>Which failures of ClickHouse pass by themselves, by its error code; see ErrorCodes.cpp of its source.</summary>
static class ClickHouseErrors
{
    static readonly HashSet<int> Passing =
    [
        159, // TIMEOUT_EXCEEDED
        160, // TOO_SLOW
        164, // READONLY
        202, // TOO_MANY_SIMULTANEOUS_QUERIES
        203, // NO_FREE_CONNECTION
        209, // SOCKET_TIMEOUT
        210, // NETWORK_ERROR
        225, // NO_ZOOKEEPER
        236, // ABORTED: the server is going down
        241, // MEMORY_LIMIT_EXCEEDED
        242, // TABLE_IS_READ_ONLY
        243, // NOT_ENOUGH_SPACE
        252, // TOO_MANY_PARTS
        279, // ALL_CONNECTION_TRIES_FAILED
        285, // TOO_FEW_LIVE_REPLICAS
        319, // UNKNOWN_STATUS_OF_INSERT
        394, // QUERY_WAS_CANCELLED
        425, // SYSTEM_ERROR
        439, // CANNOT_SCHEDULE_TASK
        999, // KEEPER_EXCEPTION
    ];

    /// <summary>True where the same batch may succeed later; <paramref name="code"/> names the failure in metrics and logs.</summary>
    public static bool WillPass(Exception failure, CancellationToken stopping, out string code)
    {
        code = failure switch
        {
            ClickHouseServerException server => server.ErrorCode.ToString(CultureInfo.InvariantCulture),
            HttpRequestException or SocketException or IOException => "unreachable",
            OperationCanceledException or TimeoutException => "timeout",
            _ => "other",
        };
        return failure switch
        {
            ClickHouseServerException server => Passing.Contains(server.ErrorCode),
            HttpRequestException or SocketException or IOException or TimeoutException => true,
            OperationCanceledException => !stopping.IsCancellationRequested,
            _ => false,
        };
    }
}
