using System.Runtime.InteropServices;
using Betting.CdcSink.Batches;

namespace Betting.CdcSink.Join;

/// <summary>
/// A batch's own changes of bets, as states. Of a bet of which ClickHouse has no other change they are the whole truth, and all that
/// has to be read back is which versions there are: nothing else of a new bet travels twice.
/// </summary>
sealed class OwnChanges : IDisposable
{
    readonly ById<Versions> _versions;

    /// <param name="changes">As they were inserted.</param>
    /// <param name="ids">The bets to take of them; ascending, each once.</param>
    public OwnChanges(NativeRows changes, ReadOnlyMemory<long> ids)
    {
        Bets = new ById<BetState>(ids);
        _versions = new ById<Versions>(ids);
        for (var rows = new BetChangeRows(changes); rows.Next(out var change);)
        {
            if (BetState.Take(change, Bets) is var index && index >= 0)
            {
                _versions[index].Add(change.Version);
            }
        }
    }

    /// <summary>One without a change stands for a bet that has to be read as a whole: see <see cref="Settle"/>.</summary>
    public ById<BetState> Bets { get; }

    /// <summary>Takes a row <c>id, version</c> of what is stored.</summary>
    public void TakeStored(ref RowReader row)
    {
        var (id, version) = (row.ReadInt64(), row.ReadUInt64());
        if (!row.IsShort && Bets.Find(id) is var index && index >= 0)
        {
            _versions[index].Meet(version);
        }
    }

    /// <summary>Forgets the states of bets that ClickHouse knows more of.</summary>
    /// <returns>Their ids, ascending.</returns>
    /// <exception cref="MissingChangesException">A bet's own change is not shown.</exception>
    public List<long> Settle()
    {
        var others = new List<long>();
        for (var index = 0; index < Bets.Ids.Length; index++)
        {
            if (!_versions[index].IsShown)
            {
                throw new MissingChangesException(Bets.Ids.Span[index]);
            }
            if (_versions[index].HasOthers)
            {
                Bets[index] = default;
                others.Add(Bets.Ids.Span[index]);
            }
        }
        return others;
    }

    public void Dispose()
    {
        Bets.Dispose();
        _versions.Dispose();
    }

    /// <summary>The versions of a bet's own changes, and what the stored ones are beside them.</summary>
    [StructLayout(LayoutKind.Auto)]
    struct Versions
    {
        ulong _first;
        List<ulong>? _more;
        bool _any;

        /// <summary>Whether the first of them was met.</summary>
        public bool IsShown { get; private set; }

        /// <summary>Whether one was met that is none of them.</summary>
        public bool HasOthers { get; private set; }

        public void Add(ulong version)
        {
            if (!_any)
            {
                (_first, _any) = (version, true);
            }
            else if (version != _first && _more?.Contains(version) != true)
            {
                (_more ??= []).Add(version);
            }
        }

        public void Meet(ulong version)
        {
            IsShown |= version == _first;
            HasOthers |= version != _first && _more?.Contains(version) != true;
        }
    }
}
