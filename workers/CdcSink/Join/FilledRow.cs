namespace Betting.CdcSink.Join;

/// <summary>
/// A row with a column that the newest change of its bet, user or event did not bring. A change that comes late may bring it, and the row's
/// version, which is that of the newest ones, is the same before and after.
/// </summary>
/// <param name="Bet">The bet's id.</param>
/// <param name="Version">The row's.</param>
/// <param name="Sources">
/// The sum of the versions of the changes that its columns are of, modulo 2^64: another one where a change has come that is one of them.
/// </param>
readonly record struct FilledRow(long Bet, UInt128 Version, ulong Sources)
{
    /// <summary>Null where every column that is shown is of the newest change.</summary>
    /// <param name="id">The bet's.</param>
    /// <param name="version">The row's.</param>
    /// <param name="bet">The bet's columns.</param>
    /// <param name="user">Those of its user; default where it is not there.</param>
    /// <param name="played">Those of its event; default where it is not there.</param>
    public static FilledRow? Of(
        long id,
        UInt128 version,
        (bool IsFilled, ulong Sources) bet,
        (bool IsFilled, ulong Sources) user,
        (bool IsFilled, ulong Sources) played
    ) =>
        bet.IsFilled || user.IsFilled || played.IsFilled
            ? new FilledRow(id, version, unchecked(bet.Sources + user.Sources + played.Sources))
            : null;
}
