namespace Betting.Local.Capture.Records;

/// <summary>Counts the changes of the running transaction, in all and by table.</summary>
public sealed class TransactionOrder
{
    readonly List<(string Collection, long Count)> _collections = [];

    public bool IsOpen { get; private set; }

    public uint Id { get; private set; }

    /// <summary>The commit's time; after the end that of the last transaction.</summary>
    public long CommitMicros { get; private set; }

    public long Total { get; private set; }

    /// <summary>Tables that were changed, in the order of their first change.</summary>
    public IReadOnlyList<(string Collection, long Count)> Collections => _collections;

    public void Begin(uint id, long commitMicros)
    {
        (IsOpen, Id, CommitMicros, Total) = (true, id, commitMicros, 0);
        _collections.Clear();
    }

    public void End() => IsOpen = false;

    /// <summary>Counts one more change.</summary>
    public Order Next(string collection)
    {
        Total++;
        for (int i = 0; i < _collections.Count; i++)
        {
            if (_collections[i].Collection != collection)
                continue;
            _collections[i] = (collection, _collections[i].Count + 1);
            return new Order(Total, _collections[i].Count);
        }
        _collections.Add((collection, 1));
        return new Order(Total, 1);
    }
}
