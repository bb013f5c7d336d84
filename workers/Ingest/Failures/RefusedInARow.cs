using Betting.Contracts.Commands;

namespace Betting.Ingest.Failures;

/// <summary>
/// Commands of each kind that PostgreSQL refused since it last accepted one of the same kind. Where they are too many, the cause is
/// PostgreSQL, and not the commands. Thread-safe.
/// </summary>
/// <remarks>By kind, because a fault of one table leaves the commands that do not write to it as they are.</remarks>
public sealed class RefusedInARow
{
    /// <summary>More refused commands than this, of one kind and one after another, are not put aside.</summary>
    public const int Most = 100;

    readonly Lock _gate = new();
    readonly Dictionary<CommandKind, HashSet<Guid>> _refused = [];

    /// <summary>The most commands of one kind.</summary>
    public int Longest
    {
        get
        {
            lock (_gate)
            {
                return _refused.Values.Select(ids => ids.Count).DefaultIfEmpty().Max();
            }
        }
    }

    /// <summary>True where they are too many.</summary>
    public bool IsTooMany => Longest > Most;

    /// <summary>Adds a command; one that is there already counts once.</summary>
    public void Refused(BetCommand command)
    {
        lock (_gate)
        {
            if (!_refused.TryGetValue(command.Kind, out var ids))
            {
                _refused[command.Kind] = ids = [];
            }
            ids.Add(command.Id);
        }
    }

    /// <summary>
    /// PostgreSQL stored the outcome of a command: that one does not count any more, and where it was accepted, none of its kind.
    /// </summary>
    public void Decided(BetCommand command, bool isAccepted)
    {
        lock (_gate)
        {
            if (isAccepted)
            {
                _refused.Remove(command.Kind);
            }
            else if (_refused.TryGetValue(command.Kind, out var ids))
            {
                ids.Remove(command.Id);
            }
        }
    }
}
