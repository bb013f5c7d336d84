namespace Betting.Debezium;

/// <summary>The statuses of <c>Betting.Contracts</c>, compared as the bytes in which they come.</summary>
static class DeclaredStatus
{
    static readonly byte[][] Bets = Bytes(Contracts.BetStatus.All);
    static readonly byte[][] Events = Bytes(Contracts.EventStatus.All);

    public static bool OfBet(ReadOnlySpan<byte> status) => Contains(Bets, status);

    public static bool OfEvent(ReadOnlySpan<byte> status) => Contains(Events, status);

    static bool Contains(byte[][] declared, ReadOnlySpan<byte> status)
    {
        foreach (var each in declared)
        {
            if (status.SequenceEqual(each))
                return true;
        }
        return false;
    }

    static byte[][] Bytes(IReadOnlyList<string> statuses) => [.. statuses.Select(System.Text.Encoding.UTF8.GetBytes)];
}
