using System.Text;
using Confluent.Kafka;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>A made record as Debezium puts it into its topic: keyed by the row, with the headers that version 3 adds.</summary>
static class StreamMessage
{
    static readonly (string Name, byte[] Value)[] Context =
    [
        ("__debezium.context.connectorLogicalName", Encoding.ASCII.GetBytes("betting")),
        ("__debezium.context.taskId", Encoding.ASCII.GetBytes("0")),
        ("__debezium.context.connectorName", Encoding.ASCII.GetBytes("postgresql")),
    ];

    public static (string Topic, Message<byte[], byte[]> Message) Of(MadeRecord record)
    {
        var headers = new Headers();
        foreach (var (name, value) in Context)
        {
            headers.Add(name, value);
        }
        return (
            record.Topic,
            new Message<byte[], byte[]>
            {
                Key = record.Key,
                Value = record.Value,
                Headers = headers,
            }
        );
    }
}
