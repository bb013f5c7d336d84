using System.Globalization;
using Betting.Connections;
using Betting.Hosting;
using Betting.Schema;
using ClickHouse.Driver;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink.ClickHouse;

/// <summary>
/// Words what only an operator can mend, whichever loop or verb met it: ClickHouse's code, its name, and what to look at.
/// </summary>
sealed class ClickHouseRefusals(IOptions<ClickHouseOptions> options) : IStoreFailures
{
    public string Name => Stores.ClickHouse;

    public string Store => new ClickHouseFailures(options).Store;

    public string? Describe(Exception failure) =>
        failure switch
        {
            ClickHouseRefusedException or SchemaException => failure.Message,
            ClickHouseServerException { ErrorCode: > 0 } refused when FailureTable.Of(refused.ErrorCode) == FailureClass.Configuration =>
                ClickHouseRefusedException.Of(refused.ErrorCode.ToString(CultureInfo.InvariantCulture), failure).Message,
            _ => null,
        };
}
