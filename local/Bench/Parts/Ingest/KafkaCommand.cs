using System.Globalization;
using System.Text;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Confluent.Kafka;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>A command as its publisher puts it into the topic: keyed by user, as docs/commands.md says.</summary>
static class KafkaCommand
{
    public static (string Topic, Message<byte[], byte[]> Message) Of(BetCommand command) =>
        (
            Topics.Commands,
            new Message<byte[], byte[]>
            {
                Key = Encoding.ASCII.GetBytes(CommandContent.Of(command).Key.ToString(CultureInfo.InvariantCulture)),
                Value = CommandEncoder.Encode(command),
            }
        );
}
