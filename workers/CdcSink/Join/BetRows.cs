using Betting.CdcSink.Batches;
using Betting.CdcSink.Write;

namespace Betting.CdcSink.Join;

/// <summary>Makes the rows and delete markers of bets from the changes that are stored now.</summary>
sealed class BetRows(ChangeStore store, Stages stages)
{
    readonly StoredChanges _stored = new(store);

    /// <param name="rows">Where they are written.</param>
    /// <param name="known">Bets whose changes are here.</param>
    /// <param name="others">Bets whose changes are read; ascending, each once.</param>
    /// <param name="remembered">Users that need not be read again; null where all are.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>How many of the bets have a change.</returns>
    public async Task<int> MakeAsync(NativeRows rows, ById<BetState> known, ReadOnlyMemory<long> others, KnownUsers? remembered, CancellationToken cancellation)
    {
        using var stored = new ById<BetState>(others);
        var ended = _stored.EndedAsync(cancellation);
        await stages.TimeAsync("join-bets", () => Task.WhenAll(ended, others.IsEmpty ? Task.CompletedTask : _stored.ReadAsync(stored, cancellation)));
        var bets = Named(out var userIds, out var eventIds, known, stored);
        using var returnUsers = userIds;
        using var returnEvents = eventIds;
        var missing = userIds;
        using var users = remembered?.Of(userIds.Ids, out missing) ?? new ById<UserState>(userIds.Ids);
        using var returnMissing = missing;
        using var events = new ById<EventState>(eventIds.Ids);
        await stages.TimeAsync("join-names", () => Task.WhenAll(_stored.ReadAsync(users, missing.Ids, cancellation), _stored.ReadAsync(events, cancellation)));
        remembered?.Keep(users, missing);
        JoinedRows.Write(rows, known, users, events, await ended);
        JoinedRows.Write(rows, stored, users, events, await ended);
        return bets;
    }

    /// <summary>The users and events that the bets name now.</summary>
    /// <returns>How many bets have a change.</returns>
    static int Named(out AscendingIds userIds, out AscendingIds eventIds, params ReadOnlySpan<ById<BetState>> all)
    {
        var (count, users, events) = (0, Pooled.Set(), Pooled.Set());
        foreach (var bets in all)
        {
            for (var index = 0; index < bets.Ids.Length; index++)
            {
                ref readonly var bet = ref bets[index];
                if (bet.Latest.IsKnown)
                {
                    count++;
                    users.Add(bet.Key.UserId);
                    events.Add(bet.Key.EventId);
                }
            }
        }
        (userIds, eventIds) = (AscendingIds.Of(users), AscendingIds.Of(events));
        Pooled.Return(users);
        Pooled.Return(events);
        return count;
    }
}
