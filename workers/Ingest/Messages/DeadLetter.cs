using System.Globalization;
using Betting.Contracts.Commands;

namespace Betting.Ingest.Messages;

/// <summary>A message that is no command, or that no batch could take, with what somebody needs to repair and replay it.</summary>
/// <param name="Delivery">The original.</param>
/// <param name="Field">The field that is wrong, or <c>$</c>.</param>
/// <param name="Reason">What is wrong and how it should be.</param>
/// <param name="At">When it was put aside, UTC.</param>
public sealed record DeadLetter(Delivery Delivery, string Field, string Reason, DateTime At)
{
    /// <summary>The command's id, where it could be read: its publisher is answered with it.</summary>
    public Guid? CommandId { get; init; }

    /// <summary>True once it is in a place of dead letters, durably. The message's own, so that it outlives the letter.</summary>
    public bool IsAside
    {
        get => Delivery.IsAside;
        set => Delivery.IsAside = value;
    }

    public const string FieldHeader = "dead-letter-field",
        ReasonHeader = "dead-letter-reason",
        CoordinatesHeader = "dead-letter-from",
        TimeHeader = "dead-letter-at";

    // A header is no place for a whole stack trace.
    const int MaxReason = 500;

    /// <summary>What is written beside the original's own headers.</summary>
    public IEnumerable<KeyValuePair<string, string>> Headers =>
        [
            new(FieldHeader, Field),
            new(ReasonHeader, Reason.Length <= MaxReason ? Reason : Reason[..MaxReason]),
            new(CoordinatesHeader, Delivery.Coordinates),
            new(TimeHeader, At.ToString(CommandTime.Format, CultureInfo.InvariantCulture)),
            .. Delivery.Cut,
        ];

    /// <summary>
    /// Whether a header of the original is kept: a publisher cannot write ours, but how often it was replayed is remembered.
    /// </summary>
    public static bool Keeps(string header) =>
        !Betting.DeadLetters.LetterHeaders.IsOurs(header) || header == Betting.DeadLetters.LetterHeaders.Replays;
}

/// <summary>Where a door puts what is no command.</summary>
public interface IDeadLetters
{
    /// <summary>Returns when the letters are durable. Called again after a failure, it leaves out those that are.</summary>
    Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation);
}
