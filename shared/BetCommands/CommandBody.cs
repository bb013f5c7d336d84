using Betting.Contracts.Commands;

namespace Betting.BetCommands;

/// <summary>A command and the bytes that are published of it.</summary>
readonly record struct CommandBody(BetCommand Command, byte[] Bytes)
{
    /// <exception cref="BetCommandsException">It is larger than Ingest takes.</exception>
    public static CommandBody Of(BetCommand command)
    {
        var bytes = CommandEncoder.Encode(command);
        return Refusal.OfCommandSize(bytes.Length) is { } tooLarge
            ? throw new BetCommandsException($"command {command.Id} was not sent: {tooLarge.Fix}")
            : new CommandBody(command, bytes);
    }
}
