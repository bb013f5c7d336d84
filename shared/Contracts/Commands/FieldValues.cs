namespace Betting.Contracts.Commands;

/// <summary>The fields of one command while it is read: fields come in any order, so the kind may be the last.</summary>
struct FieldValues
{
    public KindOfCommand? Kind;
    public Guid Id;
    public DateTime IssuedAt,
        StartTime;
    public long BetId,
        UserId,
        EventId;
    public Money Amount,
        Payout;
    public string? Name,
        Category,
        Status;
    CommandFields _seen;

    /// <summary>False where the field was there before.</summary>
    public bool See(CommandFields field)
    {
        var first = (_seen & field) == 0;
        _seen |= field;
        return first;
    }

    /// <summary>The id that is safe to answer with: it was read, and it was given once.</summary>
    public readonly Guid? ReadableId => Id == Guid.Empty ? null : Id;

    /// <summary>What is wrong with a field whose value was refused: where the kind does not have it, that it is there at all.</summary>
    public readonly Refusal Judge(CommandFields field, Refusal refusal) =>
        Kind is not null && (field & ~Kind.Allowed) != 0 ? Foreign(CommandContract.NamesOf(field)) : refusal;

    /// <summary>A field that the kind needs and that is not there, or one that it does not have.</summary>
    public readonly Refusal? MissingOrForeign()
    {
        if (Kind is null)
        {
            return new Refusal("kind", FieldRules.Fix(CommandFields.Kind));
        }
        var needed = CommandFields.Id | CommandFields.Kind | CommandFields.IssuedAt | Kind.Required;
        if (First(needed & ~_seen) is { } missing)
        {
            return new Refusal(missing, $"give it: {Kind.Text} needs {CommandContract.NamesOf(needed)}");
        }
        if (First(_seen & ~Kind.Allowed) is { } foreign)
        {
            return Foreign(foreign);
        }
        return Kind.AnyOf != 0 && (_seen & Kind.AnyOf) == 0
            ? new Refusal(Refusal.Document, $"give at least one of {CommandContract.NamesOf(Kind.AnyOf)}")
            : null;
    }

    public readonly BetCommand ToCommand() =>
        Kind!.Kind switch
        {
            CommandKind.RegisterUser => new RegisterUser(Id, IssuedAt, UserId, Name!),
            CommandKind.RenameUser => new RenameUser(Id, IssuedAt, UserId, Name!),
            CommandKind.Deposit => new Deposit(Id, IssuedAt, UserId, Amount),
            CommandKind.Withdraw => new Withdraw(Id, IssuedAt, UserId, Amount),
            CommandKind.ScheduleEvent => new ScheduleEvent(Id, IssuedAt, EventId, Name!, Category!, StartTime),
            CommandKind.ChangeEvent => new ChangeEvent(
                Id,
                IssuedAt,
                EventId,
                Name,
                Category,
                Seen(CommandFields.StartTime) ? StartTime : null,
                Status
            ),
            CommandKind.PlaceBet => new PlaceBet(Id, IssuedAt, BetId, UserId, EventId, Amount),
            CommandKind.SettleBet => new SettleBet(Id, IssuedAt, BetId, Payout, OptionalUser),
            CommandKind.CashOutBet => new CashOutBet(Id, IssuedAt, BetId, Payout, OptionalUser),
            _ => new CancelBet(Id, IssuedAt, BetId, OptionalUser),
        };

    readonly Refusal Foreign(string field) => new(field, $"leave it out: {Kind!.Text} has {CommandContract.NamesOf(Kind.Allowed)}");

    readonly long? OptionalUser => Seen(CommandFields.UserId) ? UserId : null;

    readonly bool Seen(CommandFields field) => (_seen & field) != 0;

    static string? First(CommandFields fields) =>
        fields == 0 ? null : CommandContract.Fields.First(field => (fields & field.Field) != 0).Name;
}
