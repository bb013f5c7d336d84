namespace Betting.Contracts.Commands;

/// <summary>Why bytes are no command of this contract.</summary>
/// <param name="Field">The field's name in JSON, or <c>$</c> for the document as a whole.</param>
/// <param name="Fix">What the publisher has to write instead.</param>
public sealed record Refusal(string Field, string Fix)
{
    /// <summary>The document as a whole.</summary>
    public const string Document = "$";

    /// <summary>The command's id, where one could be read all the same.</summary>
    public Guid? CommandId { get; init; }

    /// <returns>Why a command of this size is refused; null where it is within <see cref="CommandContract.MaxBytes"/>.</returns>
    public static Refusal? OfCommandSize(long bytes) =>
        bytes > CommandContract.MaxBytes ? new(Document, $"the command is {bytes} bytes: keep it within {CommandContract.MaxBytes}") : null;

    /// <returns>Why an envelope of this size is refused; null where it is within <see cref="CommandContract.MaxMessageBytes"/>.</returns>
    public static Refusal? OfMessageSize(long bytes) =>
        bytes > CommandContract.MaxMessageBytes
            ? new(Document, $"the message with its envelope is {bytes} bytes: keep it within {CommandContract.MaxMessageBytes}")
            : null;

    public override string ToString() => $"{Field}: {Fix}";
}
