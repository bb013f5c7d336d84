using Betting.Contracts.Commands;

namespace Betting.BetCommands;

/// <summary>Publishes bet commands. Safe for use by many threads; one instance a process is enough.</summary>
/// <remarks>
/// A command's id is its idempotency key: sent again, whatever happened to the first, it counts once. So keep the command, and
/// send the same one again where a call failed.
/// </remarks>
public interface IBetCommands
{
    /// <summary>Makes commands with a time-ordered id (UUIDv7) and the moment of now.</summary>
    NewCommand New { get; }

    /// <summary>Returns when the broker has the command durably. It has no outcome yet.</summary>
    /// <exception cref="TimeoutException">
    /// The broker did not confirm it within <see cref="BetCommandsOptions.PublishWithin"/>; it may be there or not.
    /// </exception>
    /// <exception cref="ArgumentException">Ingest would refuse it; the message names the field and the fix. It was not sent.</exception>
    /// <exception cref="BetCommandsException">The broker has no place for commands, or does not take this one.</exception>
    Task PublishAsync(BetCommand command, CancellationToken cancellation = default);

    /// <summary>
    /// As for one, for many in their order, from the first call on; returns when the broker has them all. Where it throws, some may be
    /// there: send all again; after a <see cref="BetCommandsException"/> that names two commands look at their outcomes first. Commands of
    /// two calls are in order only if the first call was awaited.
    /// </summary>
    /// <remarks>All are read and checked before the first one is sent, so the bytes of all are in memory, some 300 for each.</remarks>
    /// <exception cref="ArgumentException">Ingest would refuse one; the message names it, its field and the fix. None was sent.</exception>
    Task PublishAsync(IEnumerable<BetCommand> commands, CancellationToken cancellation = default);

    /// <summary>Publishes a command and waits for its outcome; over RabbitMQ only.</summary>
    /// <param name="command">The command.</param>
    /// <param name="within">How long to wait; <see cref="BetCommandsOptions.AnswerWithin"/> where it is left out.</param>
    /// <param name="cancellation">Ends the wait; the command may be applied all the same.</param>
    /// <returns>The outcome; of a command that was sent before the first one, marked as a duplicate.</returns>
    /// <exception cref="ArgumentException">As for <see cref="PublishAsync(BetCommand, CancellationToken)"/>.</exception>
    /// <exception cref="BetCommandsException">Likewise.</exception>
    /// <exception cref="TimeoutException">No answer came in time. The command may be applied or not: sending it again tells.</exception>
    /// <exception cref="NotSupportedException">Commands go over Kafka, which has no way back.</exception>
    Task<CommandOutcome> SendAsync(BetCommand command, TimeSpan? within = null, CancellationToken cancellation = default);
}

/// <summary>
/// Trying again alone does not help: the broker takes no commands, or a list over Kafka has a gap; the message says which.
/// </summary>
public sealed class BetCommandsException(string message, Exception? inner = null) : Exception(message, inner);
