namespace Betting.Debezium;

/// <summary>Columns of <c>users</c>. Texts are UTF-8; times are microseconds since 1970 UTC, see <see cref="PostgresTime"/>.</summary>
public struct UserRow
{
    public ReadOnlyMemory<byte> Name;
    public long CreatedAt;
}

/// <summary>Columns of <c>events</c>.</summary>
public struct EventRow
{
    public ReadOnlyMemory<byte> Name;
    public ReadOnlyMemory<byte> Category;
    public ReadOnlyMemory<byte> Status;
    public long StartTime;
}

/// <summary>Columns of <c>bets</c>. Amounts are hundredths: 100.00 is 10000.</summary>
public struct BetRow
{
    public long UserId;
    public long EventId;
    public ReadOnlyMemory<byte> Status;
    public long Amount;
    public long? Payout;
    public long PlacedAt;
    public long? SettledAt;
}

/// <summary>
/// The columns that a record did not bring: unchanged TOAST values, or columns that the source no longer has.
/// The row keeps for them what the change before it said.
/// </summary>
[Flags]
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1069", Justification = "One mask for each table.")]
public enum MissingColumns
{
    None = 0,
    UserName = 1,
    UserCreatedAt = 2,
    EventName = 1,
    EventCategory = 2,
    EventStartTime = 4,
    EventStatus = 8,
    BetUserId = 1,
    BetEventId = 2,
    BetStatus = 4,
    BetAmount = 8,
    BetPayout = 16,
    BetPlacedAt = 32,
    BetSettledAt = 64,
}
