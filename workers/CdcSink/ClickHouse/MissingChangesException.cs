using System.Globalization;

namespace Betting.CdcSink.ClickHouse;

/// <summary>
/// A bet's changes were inserted and acknowledged, and are not read back: the read went to a replica that lags behind, or somebody
/// took them away. A row made of what is missing would be wrong, so the batch waits as it does for a ClickHouse that is away.
/// </summary>
public sealed class MissingChangesException(long bet)
    : IOException(
        string.Create(
            CultureInfo.InvariantCulture,
            $"ClickHouse acknowledged changes of bet {bet} and does not show them; does a replica lag?"
        )
    );
