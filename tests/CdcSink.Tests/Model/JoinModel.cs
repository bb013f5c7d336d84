using Betting.Debezium;

namespace Betting.Tests.CdcSink.Model;

/// <summary>One change as the model keeps it; a missing row is a delete.</summary>
sealed record Change(
    SourceTable Table,
    long Id,
    ulong Version,
    Bet? Bet = null,
    string? Name = null,
    bool IsNameSent = true,
    bool IsTruncate = false
)
{
    public bool IsDelete => Bet is null && Name is null;
}

sealed record Bet(long UserId, long EventId, long PlacedAt, string Status, bool IsStatusSent = true);

/// <summary>Row of the denormalised table; null where the sorting key has ended.</summary>
sealed record Joined(string Status, string UserName, string EventName);

/// <summary>A sorting key.</summary>
sealed record SortingKey(long PlacedAt, long UserId, long EventId, long BetId);

/// <summary>A bet's row or marker with the version that decides between them.</summary>
sealed record JoinedRow(SortingKey Key, UInt128 Version, Joined? Row);

/// <summary>How versions are made of changes: the rule, or a mutant of it that a test must catch.</summary>
sealed record VersionRule(Func<ulong, ulong, ulong, UInt128> OfRow, Func<ulong, UInt128> OfMarker)
{
    public static readonly VersionRule Right = new((bet, user, played) => (UInt128)bet << 64 | (user + played), bet => (UInt128)bet << 64);

    /// <summary>One sum for everything: a newer user outranks a newer bet.</summary>
    public static readonly VersionRule OneSum = new((bet, user, played) => (UInt128)bet + user + played, bet => bet);
}

/// <summary>
/// The join as a pure function of the stored changes, written a second time and without SQL: what the engine's statement is
/// compared with, and what the simulator runs through crashing writers.
/// </summary>
sealed class JoinModel(VersionRule rule)
{
    readonly Dictionary<SourceTable, Dictionary<long, SortedDictionary<ulong, Change>>> _changes = new()
    {
        [SourceTable.Users] = [],
        [SourceTable.Events] = [],
        [SourceTable.Bets] = [],
    };
    readonly Dictionary<SourceTable, ulong> _ended = new()
    {
        [SourceTable.Users] = 0,
        [SourceTable.Events] = 0,
        [SourceTable.Bets] = 0,
    };
    readonly Dictionary<SortingKey, JoinedRow> _rows = [];

    public IEnumerable<JoinedRow> Live => _rows.Values.Where(row => row.Row is not null);

    public void Insert(IEnumerable<Change> changes)
    {
        foreach (var change in changes)
        {
            if (change.IsTruncate)
            {
                _ended[change.Table] = Math.Max(_ended[change.Table], change.Version);
                continue;
            }
            if (!_changes[change.Table].TryGetValue(change.Id, out var known))
            {
                _changes[change.Table][change.Id] = known = [];
            }
            known[change.Version] = change;
        }
    }

    public IEnumerable<long> BetsOf(IReadOnlySet<long> users, IReadOnlySet<long> events) =>
        _changes[SourceTable.Bets]
            .Where(bet =>
                bet.Value.Values.Any(change => change.Bet is { } row && (users.Contains(row.UserId) || events.Contains(row.EventId)))
            )
            .Select(bet => bet.Key);

    public IEnumerable<long> AllBets() => _changes[SourceTable.Bets].Keys;

    /// <summary>Rows and markers of these bets, from what is stored now.</summary>
    public List<JoinedRow> Join(IEnumerable<long> bets)
    {
        var rows = new List<JoinedRow>();
        foreach (var id in bets)
        {
            if (!_changes[SourceTable.Bets].TryGetValue(id, out var history))
            {
                continue;
            }
            var latest = history.Values.Last();
            var version = Math.Max(latest.Version, _ended[SourceTable.Bets]);
            var live = latest.Version > _ended[SourceTable.Bets] && latest.Bet is { } bet ? Key(id, bet) : null;
            foreach (var key in history.Values.Where(change => change.Bet is not null).Select(change => Key(id, change.Bet!)).Distinct())
            {
                if (key != live)
                {
                    rows.Add(new JoinedRow(key, rule.OfMarker(version), null));
                    continue;
                }
                var status = history.Values.LastOrDefault(change => change.Bet is { IsStatusSent: true })?.Bet!.Status ?? "";
                var (userVersion, user) = Current(SourceTable.Users, key.UserId);
                var (eventVersion, played) = Current(SourceTable.Events, key.EventId);
                rows.Add(new JoinedRow(key, rule.OfRow(version, userVersion, eventVersion), new Joined(status, user, played)));
            }
        }
        return rows;
    }

    /// <summary>What ReplacingMergeTree does: of one sorting key the highest version stays, of equals the last.</summary>
    public void InsertRows(IEnumerable<JoinedRow> rows)
    {
        foreach (var row in rows)
        {
            if (!_rows.TryGetValue(row.Key, out var known) || row.Version >= known.Version)
            {
                _rows[row.Key] = row;
            }
        }
    }

    (ulong Version, string Name) Current(SourceTable table, long id)
    {
        if (!_changes[table].TryGetValue(id, out var history))
        {
            return (_ended[table], "");
        }
        var latest = history.Values.Last();
        var isThere = latest.Version > _ended[table] && !latest.IsDelete;
        return (
            Math.Max(latest.Version, _ended[table]),
            isThere ? history.Values.LastOrDefault(change => change.Name is not null && change.IsNameSent)?.Name ?? "" : ""
        );
    }

    static SortingKey Key(long id, Bet bet) => new(bet.PlacedAt, bet.UserId, bet.EventId, id);
}
