using Betting.Debezium;

namespace Betting.CacheWarmer.Fills;

/// <summary>The lists that the stream's changes make stale.</summary>
sealed class StaleKeys
{
    int _activeBets = 1;
    int _catalog = 1;

    /// <summary>A row of <paramref name="table"/> changed.</summary>
    public void Touch(SourceTable table)
    {
        if (table == SourceTable.Bets)
        {
            Volatile.Write(ref _activeBets, 1);
        }
        else if (table == SourceTable.Events)
        {
            Volatile.Write(ref _catalog, 1);
        }
    }

    /// <summary>True once after changes; what comes later counts for the next fill.</summary>
    public bool Take(string key) => Interlocked.Exchange(ref Slot(key), 0) == 1;

    /// <summary>The fill that was due did not happen.</summary>
    public void GiveBack(string key) => Volatile.Write(ref Slot(key), 1);

    ref int Slot(string key)
    {
        if (key == Contracts.RedisKeys.ActiveBets)
        {
            return ref _activeBets;
        }
        return ref _catalog;
    }
}
