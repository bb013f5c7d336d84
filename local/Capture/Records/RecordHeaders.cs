using System.Globalization;
using System.Text;
using Betting.Contracts;
using Confluent.Kafka;

namespace Betting.Local.Capture.Records;

/// <summary>The headers that records carry, in the connector's order: those of a key change, those of the run, the epoch.</summary>
public sealed class RecordHeaders
{
    readonly Header[] _run;
    readonly Header _epoch;

    /// <param name="run">Names this run of capture.</param>
    public RecordHeaders(string prefix, int epoch, Guid run)
    {
        _run =
        [
            new Header("__debezium.context.connectorLogicalName", Encoding.UTF8.GetBytes(prefix)),
            new Header("__debezium.context.taskId", "0"u8.ToArray()),
            new Header("__debezium.context.connectorName", "postgresql"u8.ToArray()),
            new Header("__debezium.context.runId", Encoding.UTF8.GetBytes(run.ToString())),
        ];
        _epoch = new Header(Topics.EpochHeader, Encoding.UTF8.GetBytes(epoch.ToString(CultureInfo.InvariantCulture)));
        Change = [.. _run, _epoch];
        Other = [_epoch];
    }

    /// <summary>Of a change of a table.</summary>
    public Headers Change { get; }

    /// <summary>Of messages, transaction marks and heartbeats.</summary>
    public Headers Other { get; }

    /// <summary>Of the delete that a key change begins with, and of its tombstone.</summary>
    public Headers MovedTo(byte[] newKey) => [new Header("__debezium.newkey", newKey), .. _run, _epoch];

    /// <summary>Of the create that a key change ends with.</summary>
    public Headers MovedFrom(byte[] oldKey) => [new Header("__debezium.oldkey", oldKey), .. _run, _epoch];
}
