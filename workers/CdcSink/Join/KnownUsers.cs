using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>
/// Users that were read already. For a large join alone: a batch reads them after it wrote, or it would miss what others write.
/// </summary>
sealed class KnownUsers : IDisposable
{
    /// <summary>Four pages of bets whose users are all different; beyond it they are read anew.</summary>
    const int Most = 1 << 18;

    readonly Dictionary<long, UserState> _states = [];
    TextArena _texts = new();

    /// <summary>States for these users, with those that are known; the others are at their defaults.</summary>
    /// <param name="ids">Ascending, each once.</param>
    /// <param name="missing">Those of which nothing is known.</param>
    public ById<UserState> Of(ReadOnlyMemory<long> ids, out AscendingIds missing)
    {
        if (_states.Count + ids.Length > Most)
        {
            Dispose();
        }
        var (users, unknown) = (new ById<UserState>(ids, _texts), Pooled.Set());
        for (var index = 0; index < ids.Length; index++)
        {
            if (!_states.TryGetValue(ids.Span[index], out users[index]))
            {
                unknown.Add(ids.Span[index]);
            }
        }
        missing = AscendingIds.Of(unknown);
        Pooled.Return(unknown);
        return users;
    }

    /// <summary>Remembers what was read of those that were missing.</summary>
    public void Keep(ById<UserState> users, AscendingIds read)
    {
        foreach (var id in read.Ids.Span)
        {
            _states[id] = users[users.Find(id)];
        }
    }

    /// <summary>Forgets them all.</summary>
    public void Dispose()
    {
        _states.Clear();
        _texts.Dispose();
        _texts = new TextArena();
    }
}
