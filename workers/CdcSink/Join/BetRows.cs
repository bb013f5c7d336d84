using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>Makes the rows and delete markers of bets from the changes that are stored now.</summary>
sealed class BetRows(ChangeStore store, Stages stages)
{
    readonly StoredChanges _stored = new(store);

    /// <param name="rows">Where they are written.</param>
    /// <param name="filled">Where rows are noted that a late change may alter.</param>
    /// <param name="own">Bets whose changes are here; null where none are.</param>
    /// <param name="others">Bets whose changes are read; ascending, each once.</param>
    /// <param name="remembered">Users that need not be read again; null where all are.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>How many of the bets have a change.</returns>
    public async Task<int> MakeAsync(
        NativeRows rows,
        List<FilledRow> filled,
        OwnChanges? own,
        ReadOnlyMemory<long> others,
        KnownUsers? remembered,
        CancellationToken cancellation
    )
    {
        using var stored = new ById<BetState>(others);
        var ended = _stored.EndedAsync(cancellation);
        await stages.TimeAsync("join-bets", () =>
            Task.WhenAll(ended, others.IsEmpty ? Task.CompletedTask : _stored.ReadAsync(stored, cancellation))
        );
        var bets = Named(out var userIds, out var eventIds, own, stored);
        using var returnUsers = userIds;
        using var returnEvents = eventIds;
        var missing = userIds;
        using var users = remembered?.Of(userIds.Ids, out missing) ?? new ById<UserState>(userIds.Ids);
        using var returnMissing = missing;
        using var events = new ById<EventState>(eventIds.Ids);
        await stages.TimeAsync("join-names", () =>
            Task.WhenAll(_stored.ReadAsync(users, missing.Ids, cancellation), _stored.ReadAsync(events, cancellation))
        );
        remembered?.Keep(users, missing);
        if (own is not null)
        {
            JoinedRows.Write(rows, filled, own, users, events, await ended);
        }
        JoinedRows.Write(rows, filled, stored, users, events, await ended);
        return bets;
    }

    /// <summary>The users and events that the bets name now.</summary>
    /// <returns>How many bets have a change.</returns>
    static int Named(out AscendingIds userIds, out AscendingIds eventIds, OwnChanges? own, ById<BetState> stored)
    {
        var (count, users, events) = (0, Pooled.Set(), Pooled.Set());
        for (var index = 0; index < own?.Ids.Length; index++)
        {
            Name(own.TryKey(index, out var key), key);
        }
        for (var index = 0; index < stored.Ids.Length; index++)
        {
            Name(stored[index].Latest.IsKnown, stored[index].Key);
        }
        (userIds, eventIds) = (AscendingIds.Of(users), AscendingIds.Of(events));
        Pooled.Return(users);
        Pooled.Return(events);
        return count;

        void Name(bool isKnown, SortingKey key)
        {
            if (isKnown)
            {
                count++;
                users.Add(key.UserId);
                events.Add(key.EventId);
            }
        }
    }
}
