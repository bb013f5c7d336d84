using Betting.Contracts.Commands;

namespace Betting.Ingest.Messages;

/// <summary>A command with the hash of its content, computed once however often its batch is tried.</summary>
public sealed record HashedCommand(BetCommand Command, byte[] Hash)
{
    public HashedCommand(BetCommand command)
        : this(command, CommandHash.Of(command)) { }

    public bool SameContentAs(byte[] other) => Hash.AsSpan().SequenceEqual(other);
}
