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

    public override string ToString() => $"{Field}: {Fix}";
}
