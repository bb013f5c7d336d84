namespace Betting.Debezium;

/// <summary>What a bare number in a column of times counts since 1970.</summary>
public enum TimeUnit
{
    /// <summary>Not known, so not guessed: a bare number is rejected.</summary>
    Unknown,
    Days,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

/// <summary>
/// What only a schema tells about values: the scales of base64 decimals (<c>decimal.handling.mode=precise</c>), -1 where it says
/// none, and the units of times without a zone (<c>time.precision.mode</c>).
/// </summary>
readonly record struct ColumnTypes(int Amount, int Payout, TimeUnits Times)
{
    public static readonly ColumnTypes Unknown = new(-1, -1, TimeUnits.Unknown);
}

/// <summary>
/// Units of the columns of times, for tables that have <c>timestamp</c> in place of <c>timestamptz</c>. A schema in the record wins.
/// </summary>
public readonly record struct TimeUnits(TimeUnit CreatedAt, TimeUnit StartTime, TimeUnit PlacedAt, TimeUnit SettledAt)
{
    public static readonly TimeUnits Unknown;

    /// <summary>The same unit for all.</summary>
    public static TimeUnits All(TimeUnit unit) => new(unit, unit, unit, unit);

    /// <summary>These, and where they are unknown the others.</summary>
    public TimeUnits Or(TimeUnits other) =>
        new(
            Known(CreatedAt, other.CreatedAt),
            Known(StartTime, other.StartTime),
            Known(PlacedAt, other.PlacedAt),
            Known(SettledAt, other.SettledAt)
        );

    static TimeUnit Known(TimeUnit first, TimeUnit second) => first == TimeUnit.Unknown ? second : first;
}
