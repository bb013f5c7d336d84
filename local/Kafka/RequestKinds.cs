using System.Globalization;

namespace Betting.Local.Kafka;

/// <summary>Kinds of requests by the names of the Kafka protocol guide (API keys).</summary>
static class RequestKinds
{
    static readonly Dictionary<string, short> Keys = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Produce"] = 0,
        ["Fetch"] = 1,
        ["ListOffsets"] = 2,
        ["Metadata"] = 3,
        ["OffsetCommit"] = 8,
        ["OffsetFetch"] = 9,
        ["FindCoordinator"] = 10,
        ["JoinGroup"] = 11,
        ["Heartbeat"] = 12,
        ["LeaveGroup"] = 13,
        ["SyncGroup"] = 14,
        ["ApiVersions"] = 18,
        ["InitProducerId"] = 22,
        ["AddPartitionsToTxn"] = 24,
        ["AddOffsetsToTxn"] = 25,
        ["EndTxn"] = 26,
        ["TxnOffsetCommit"] = 28,
        ["DescribeConfigs"] = DescribeConfigs.Key,
    };

    public static bool TryParse(string text, out short key) =>
        Keys.TryGetValue(text, out key) || short.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out key);
}
