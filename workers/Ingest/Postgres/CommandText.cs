using System.Diagnostics.CodeAnalysis;
using System.Text;
using Betting.Contracts.Commands;

namespace Betting.Ingest.Postgres;

/// <summary>Commands as the text that is kept of them: the contract's own JSON.</summary>
static class CommandText
{
    public static string Of(BetCommand command) => Encoding.UTF8.GetString(CommandEncoder.Encode(command));

    /// <param name="text">The contract's JSON.</param>
    /// <param name="command">The command.</param>
    /// <param name="refusal">Why this version cannot decode it.</param>
    public static bool TryRead(string text, [NotNullWhen(true)] out BetCommand? command, [NotNullWhen(false)] out Refusal? refusal) =>
        CommandDecoder.TryDecode(Encoding.UTF8.GetBytes(text), out command, out refusal);
}
