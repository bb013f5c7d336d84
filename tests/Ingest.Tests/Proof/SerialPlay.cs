using System.Globalization;
using System.Text;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Proof;

/// <summary>Where an order of transactions and the model part.</summary>
/// <param name="At">The transaction's place.</param>
/// <param name="MoveBefore">The place before which it would have to stand, where that could explain it.</param>
/// <param name="What">What differs.</param>
sealed record Difference(int At, int? MoveBefore, string What);

/// <summary>Plays transactions on the model in one order, comparing each outcome that each of them wrote.</summary>
sealed class SerialPlay(IReadOnlyDictionary<Guid, Applied> takenBy, bool expires)
{
    static readonly string[] Unknown =
    [
        $"rejected {Reasons.UnknownUser}",
        $"rejected {Reasons.UnknownEvent}",
        $"rejected {Reasons.UnknownBet}",
    ];

    readonly Dictionary<long, int> _betCameAt = [];

    public NaiveModel Model { get; } = new();

    /// <summary>Commands in the order in which they had their effect.</summary>
    public List<BetCommand> Order { get; } = [];

    /// <summary>For people.</summary>
    public StringBuilder Told { get; } = new();

    /// <returns>Null where they agree to the end.</returns>
    public Difference? Run(IReadOnlyList<Committed> transactions)
    {
        foreach (var (at, transaction) in transactions.Index())
        {
            if (Play(at, transaction) is { } difference)
            {
                return difference;
            }
            foreach (var bet in Model.Bets.Keys)
            {
                _betCameAt.TryAdd(bet, at);
            }
        }
        return null;
    }

    Difference? Play(int at, Committed transaction)
    {
        var before = Plain();
        // The clock's decisions come first, as they do in a batch; which ones it made is read from what was written.
        foreach (
            var (id, outcome) in transaction.Outcomes.Where(row =>
                expires && Unknown.Contains(row.Value) && before.GetValueOrDefault(row.Key) == "parked"
            )
        )
        {
            Model.Expire(id, outcome["rejected ".Length..]);
        }
        var call = transaction.Taken.Count == 0 ? null : takenBy.GetValueOrDefault(transaction.Taken.First());
        foreach (
            var command in call?.Batch.Where(command => transaction.Taken.Contains(command.Id)).DistinctBy(command => command.Id) ?? []
        )
        {
            Model.Apply(command);
            Order.Add(command);
            Told.Append(CultureInfo.InvariantCulture, $"\n  transaction {transaction.Id}: {Proof.Told.Of(command)}");
        }
        Told.Append(
            CultureInfo.InvariantCulture,
            $"\n  transaction {transaction.Id} wrote: "
                + $"{string.Join("; ", transaction.Outcomes.Select(row => $"{row.Key.ToString()[..18]} {row.Value}"))}"
        );
        var after = Plain();
        foreach (var id in after.Keys.Where(id => before.GetValueOrDefault(id) != after[id]).Union(transaction.Outcomes.Keys))
        {
            var (expected, written) = (
                after.GetValueOrDefault(id),
                transaction.Outcomes.GetValueOrDefault(id) ?? before.GetValueOrDefault(id)
            );
            if (Short(written) != expected)
            {
                return new Difference(
                    at,
                    EarlierPlace(id, expected),
                    $"transaction {transaction.Id}: {id.ToString()[..18]} is {Short(written) ?? "nothing"} and would be "
                        + $"{expected ?? "nothing"} in the serial order"
                );
            }
        }
        return null;
    }

    // A bet that would be refused because its id is taken may have been looked at before it was taken.
    int? EarlierPlace(Guid id, string? expected) =>
        expected == $"rejected {Reasons.AlreadyExists}"
        && Order.Find(command => command.Id == id) is PlaceBet place
        && _betCameAt.TryGetValue(place.BetId, out var at)
            ? at
            : null;

    Dictionary<Guid, string> Plain() => Model.Outcomes.ToDictionary(row => row.Key, row => Short(row.Value)!);

    // What a parked command waits for is each side's own note.
    static string? Short(string? outcome) =>
        outcome is not null && outcome.StartsWith("parked", StringComparison.Ordinal) ? "parked" : outcome;
}
