using Betting.Debezium;

namespace Betting.Tests.CdcSink.Model;

/// <summary>A source database that changes at random, and the stream that follows it, one partition for each part of a table.</summary>
sealed class Source
{
    readonly Random _random;
    readonly Dictionary<long, Bet> _bets = [];
    readonly Dictionary<SourceTable, Dictionary<long, string>> _names = new() { [SourceTable.Users] = [], [SourceTable.Events] = [] };
    ulong _lsn = 1000;
    int _count;

    public Source(Random random)
    {
        _random = random;
        Snapshot();
        for (var change = 0; change < 150; change++)
        {
            Step();
        }
    }

    /// <summary>The changes in the order of each partition.</summary>
    public Dictionary<(SourceTable, long), List<Change>> Partitions { get; } = [];

    /// <summary>The source's own join at the end: bet, then what the row says.</summary>
    public Dictionary<SortingKey, Joined> Truth =>
        _bets.ToDictionary(
            bet => new SortingKey(bet.Value.PlacedAt, bet.Value.UserId, bet.Value.EventId, bet.Key),
            bet => new Joined(
                bet.Value.Status,
                _names[SourceTable.Users].GetValueOrDefault(bet.Value.UserId, ""),
                _names[SourceTable.Events].GetValueOrDefault(bet.Value.EventId, "")
            )
        );

    /// <summary>
    /// A snapshot while transactions are open: its reads carry a larger LSN than changes that commit, and come, after it.
    /// </summary>
    void Snapshot()
    {
        var end = _lsn + 4000;
        for (long id = 1; id <= 4; id++)
        {
            _names[SourceTable.Users][id] = Name();
            _names[SourceTable.Events][id] = Name();
            Emit(new Change(SourceTable.Users, id, ChangeVersion.Of(1, streamed: false, end).Value, Name: _names[SourceTable.Users][id]));
            Emit(new Change(SourceTable.Events, id, ChangeVersion.Of(1, streamed: false, end).Value, Name: _names[SourceTable.Events][id]));
            _bets[id] = NewBet();
            Emit(new Change(SourceTable.Bets, id, ChangeVersion.Of(1, streamed: false, end).Value, _bets[id]));
        }
    }

    void Step()
    {
        var version = ChangeVersion.Of(1, streamed: true, _lsn += 8).Value;
        var id = _random.Next(1, 9);
        var table = _random.Next(10) switch
        {
            < 5 => SourceTable.Bets,
            < 8 => SourceTable.Users,
            _ => SourceTable.Events,
        };
        var what = _random.Next(100);
        if (what < 2)
        {
            Truncate(table, version);
        }
        else if (table == SourceTable.Bets)
        {
            ChangeBet(id, version, what);
        }
        else if (what < 20)
        {
            if (_names[table].Remove(id))
            {
                Emit(new Change(table, id, version));
            }
        }
        else
        {
            // Unchanged TOAST: the row is logged without the text.
            var sent = !_names[table].ContainsKey(id) || what < 80;
            _names[table][id] = sent ? Name() : _names[table][id];
            Emit(new Change(table, id, version, Name: sent ? _names[table][id] : "", IsNameSent: sent));
        }
    }

    void ChangeBet(long id, ulong version, int what)
    {
        if (what < 20)
        {
            if (_bets.Remove(id))
            {
                Emit(new Change(SourceTable.Bets, id, version));
            }
            return;
        }
        var changed = NewBet();
        if (_bets.TryGetValue(id, out var known) && what >= 50)
        {
            changed = what < 80 ? known with { Status = changed.Status } : known with { PlacedAt = changed.PlacedAt };
        }
        var unsent = known is not null && what % 5 == 0;
        changed = unsent ? changed with { Status = known!.Status } : changed;
        _bets[id] = changed;
        Emit(new Change(SourceTable.Bets, id, version, unsent ? changed with { Status = "", IsStatusSent = false } : changed));
    }

    void Truncate(SourceTable table, ulong version)
    {
        if (table == SourceTable.Bets)
        {
            _bets.Clear();
        }
        else
        {
            _names[table].Clear();
        }
        Emit(new Change(table, 0, version, IsTruncate: true));
    }

    void Emit(Change change)
    {
        var partition = (change.Table, change.Id % 2);
        if (!Partitions.TryGetValue(partition, out var changes))
        {
            Partitions[partition] = changes = [];
        }
        changes.Add(change);
    }

    Bet NewBet() => new(_random.Next(1, 9), _random.Next(1, 9), _random.Next(3) * 40L * 86_400_000_000, "S" + ++_count);

    string Name() => "n" + ++_count;
}
