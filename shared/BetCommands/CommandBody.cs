using Betting.Contracts.Commands;

namespace Betting.BetCommands;

/// <summary>A command and the bytes that are published of it.</summary>
readonly record struct CommandBody(BetCommand Command, byte[] Bytes)
{
    /// <exception cref="ArgumentException">Ingest would refuse it.</exception>
    public static CommandBody Of(BetCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return CommandEncoder.TryEncode(command, out var json, out var refusal)
            ? new CommandBody(command, json)
            : throw new ArgumentException($"command {command.Id} was not sent: {refusal}", nameof(command));
    }
}
