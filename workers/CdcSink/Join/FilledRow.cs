namespace Betting.CdcSink.Join;

/// <summary>
/// A row with a column that the newest change of its bet, user or event did not bring. A change that comes late may bring it, and the row's
/// version, which is that of the newest ones, is the same before and after.
/// </summary>
/// <param name="Bet">The bet's id.</param>
/// <param name="Sources">
/// The sum of the versions of the changes that its columns are of, modulo 2^64: another one where a change has come that is one of them.
/// </param>
readonly record struct FilledRow(long Bet, ulong Sources)
{
    /// <summary>Null where every column is of the newest change.</summary>
    public static FilledRow? Of(long id, in BetState bet, in UserState user, in EventState played)
    {
        var (own, named, on) = (bet.Filling, user.Filling, played.Filling);
        return own.IsFilled || named.IsFilled || on.IsFilled ? new FilledRow(id, unchecked(own.Sources + named.Sources + on.Sources)) : null;
    }
}
