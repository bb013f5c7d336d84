using System.Text;
using Betting.CdcSink.Formats;
using Betting.CdcSink.Join;
using Xunit;

namespace Betting.Tests.CdcSink.Join;

/// <summary>When a batch's own change says all about its bet, and when the others have to be read.</summary>
public sealed class OwnBetTests : IDisposable
{
    static readonly SortingKey Key = new(PlacedAt: 1_000, UserId: 7, EventId: 9),
        Moved = Key with { PlacedAt = 2_000 };

    readonly TextArena _texts = new();

    [Fact]
    public void The_only_change_is_the_whole_bet_whatever_it_did_not_bring()
    {
        Assert.True(Met(Own(20, notSent: 16), [new(20, false, Key)]).IsSelfContained);
        Assert.True(Met(Own(20, deleted: true), [new(20, true, default)]).IsSelfContained);
    }

    [Fact]
    public void The_newest_change_with_every_column_is_the_whole_bet_that_never_had_another_sorting_key()
    {
        var bet = Met(Own(20), [new(10, false, Key), new(20, false, Key), new(15, true, default)]);

        Assert.True(bet.IsSelfContained);
        var state = bet.State();
        Assert.Equal((20UL, Key, 1, 500L, 900L), (state.Latest.Version, state.Key, state.Keys, state.Amount.Value, state.Payout.Value));
        Assert.Equal("SETTLED", Encoding.UTF8.GetString(_texts[state.Status.Value]));
    }

    [Fact]
    public void All_changes_are_read_where_another_says_more()
    {
        Assert.False(Met(Own(20), [new(20, false, Key), new(21, false, Key)]).IsSelfContained);
        Assert.False(Met(Own(20), [new(20, false, Key), new(21, true, default)]).IsSelfContained);
        Assert.False(Met(Own(20), [new(10, false, Moved), new(20, false, Key)]).IsSelfContained);
        Assert.False(Met(Own(20, notSent: 16), [new(10, false, Key), new(20, false, Key)]).IsSelfContained);
        Assert.False(Met(Own(20, deleted: true), [new(10, false, Key), new(20, true, default)]).IsSelfContained);
    }

    [Fact]
    public void Of_several_changes_in_a_batch_the_newest_speaks_in_whatever_order_they_came()
    {
        var bet = Own(20);
        bet.Take(Change(10, amount: 1), _texts);
        Assert.Equal(20UL, bet.Version);
        bet.Take(Change(30, amount: 3), _texts);
        Assert.Equal(30UL, bet.Version);

        bet = Met(bet, [new(10, false, Key), new(20, false, Key), new(30, false, Key)]);

        Assert.True(bet.IsShown);
        Assert.True(bet.IsSelfContained);
        Assert.Equal(3, bet.State().Amount.Value);
    }

    [Fact]
    public void A_change_that_is_not_shown_is_told()
    {
        Assert.False(Met(Own(20), [new(10, false, Key)]).IsShown);
    }

    public void Dispose() => _texts.Dispose();

    OwnBet Own(ulong version, byte notSent = 0, bool deleted = false)
    {
        var bet = new OwnBet();
        bet.Take(Change(version, notSent: notSent, deleted: deleted), _texts);
        return bet;
    }

    static BetChange Change(ulong version, long amount = 500, byte notSent = 0, bool deleted = false) =>
        new()
        {
            Id = 1,
            Version = version,
            Deleted = deleted,
            MissingColumns = notSent,
            Key = deleted ? default : Key,
            Status = "SETTLED"u8,
            Amount = amount,
            Payout = 900,
        };

    static OwnBet Met(OwnBet bet, Stored[] stored)
    {
        foreach (var change in stored)
        {
            bet.ObserveStored(change.Version, change.Deleted, change.Key);
        }
        return bet;
    }

    readonly record struct Stored(ulong Version, bool Deleted, SortingKey Key);
}
