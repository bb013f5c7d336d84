using System.Text;
using Betting.Contracts.Commands;

namespace Betting.Ingest.Store;

/// <summary>Commands as the text that is kept of them: the contract's own JSON.</summary>
static class CommandText
{
    public static string Of(BetCommand command) => Encoding.UTF8.GetString(CommandEncoder.Encode(command));

    public static BetCommand Read(string text) =>
        CommandDecoder.TryDecode(Encoding.UTF8.GetBytes(text), out var command, out var refusal)
            ? command
            : throw new FormatException($"a command that was parked can no longer be read, {refusal}");
}
