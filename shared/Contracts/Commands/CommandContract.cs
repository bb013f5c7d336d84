using static Betting.Contracts.Commands.CommandFields;

namespace Betting.Contracts.Commands;

/// <summary>
/// Version 1 of the contract as data: which kinds there are and which fields each has. Decoder, encoder and JSON Schema
/// are all made from it, so they cannot disagree.
/// </summary>
public static class CommandContract
{
    public const int Version = 1;

    /// <summary>Bytes of one command's JSON at most; the largest sensible one has 1.5 KB.</summary>
    public const int MaxBytes = 16 * 1024;

    /// <summary>Bytes of a message at most: of MassTransit's envelope with the command in it.</summary>
    public const int MaxMessageBytes = 2 * MaxBytes;

    /// <summary>Characters (Unicode code points) at most.</summary>
    public const int MaxName = 200,
        MaxCategory = 100;

    /// <summary>What PostgreSQL's <c>numeric(12,2)</c> and <c>numeric(14,2)</c> hold.</summary>
    public static readonly Money MaxAmount = new(9_999_999_999_99),
        MaxPayout = new(999_999_999_999_99);

    /// <summary>Issued in these years; the upper end is exclusive.</summary>
    public static readonly DateTime MinIssuedAt = Utc(2000),
        MaxIssuedAt = Utc(2200);

    /// <summary>The range of ClickHouse's <c>DateTime64(6)</c>; the upper end is exclusive.</summary>
    public static readonly DateTime MinStartTime = Utc(1900),
        MaxStartTime = Utc(2299);

    /// <summary>Fields of every command; only the version may be left out.</summary>
    public const CommandFields Common = CommandFields.Version | Id | Kind | IssuedAt;

    /// <summary>All kinds; the index is the <see cref="CommandKind"/>.</summary>
    public static readonly IReadOnlyList<KindOfCommand> Kinds =
    [
        new(CommandKind.RegisterUser, "register-user", UserId | Name),
        new(CommandKind.RenameUser, "rename-user", UserId | Name),
        new(CommandKind.Deposit, "deposit", UserId | Amount),
        new(CommandKind.Withdraw, "withdraw", UserId | Amount),
        new(CommandKind.ScheduleEvent, "schedule-event", EventId | Name | Category | StartTime),
        new(CommandKind.ChangeEvent, "change-event", EventId, AnyOf: Name | Category | StartTime | Status),
        new(CommandKind.PlaceBet, "place-bet", BetId | UserId | EventId | Amount),
        new(CommandKind.SettleBet, "settle-bet", BetId | Payout, Optional: UserId),
        new(CommandKind.CashOutBet, "cash-out-bet", BetId | Payout, Optional: UserId),
        new(CommandKind.CancelBet, "cancel-bet", BetId, Optional: UserId),
    ];

    /// <summary>The fields with their names in JSON, in the order of writing.</summary>
    public static readonly IReadOnlyList<NamedField> Fields =
    [
        new(CommandFields.Version, "v"),
        new(Id, "id"),
        new(Kind, "kind"),
        new(IssuedAt, "issuedAt"),
        new(BetId, "betId"),
        new(UserId, "userId"),
        new(EventId, "eventId"),
        new(Amount, "amount"),
        new(Payout, "payout"),
        new(Name, "name"),
        new(Category, "category"),
        new(StartTime, "startTime"),
        new(Status, "status"),
    ];

    public static KindOfCommand Of(CommandKind kind) => Kinds[(int)kind];

    /// <summary>The kind's text in JSON, such as <c>place-bet</c>.</summary>
    public static string TextOf(CommandKind kind) => Kinds[(int)kind].Text;

    /// <summary>The names of <paramref name="fields"/>, separated by commas.</summary>
    public static string NamesOf(CommandFields fields) =>
        string.Join(", ", Fields.Where(field => (fields & field.Field) != 0).Select(field => field.Name));

    static DateTime Utc(int year) => new(year, 1, 1, 0, 0, 0, DateTimeKind.Utc);
}

/// <param name="Kind">The kind.</param>
/// <param name="Text">Its text in JSON.</param>
/// <param name="Required">Fields it must have beside the common ones.</param>
/// <param name="AnyOf">Fields of which it must have at least one.</param>
/// <param name="Optional">Fields that it may have.</param>
public sealed record KindOfCommand(
    CommandKind Kind,
    string Text,
    CommandFields Required,
    CommandFields AnyOf = None,
    CommandFields Optional = None
)
{
    /// <summary>Every field that the kind may have.</summary>
    public CommandFields Allowed => CommandContract.Common | Required | AnyOf | Optional;
}

/// <summary>A field and its name in JSON.</summary>
public readonly record struct NamedField(CommandFields Field, string Name);
