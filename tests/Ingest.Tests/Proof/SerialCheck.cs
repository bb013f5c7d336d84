using System.Globalization;
using System.Text;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Ingest.Store;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Proof;

/// <summary>A history that no serial order explains; the message tells the transactions up to where it went wrong.</summary>
sealed class NotSerialException(string what) : Exception(what);

/// <summary>
/// Plays the committed transactions one after another on the plain model and compares each outcome of each of them, and at
/// the end every row. The order of commits is the witness: where the model agrees with it, it is a serial order with this result.
/// </summary>
sealed class SerialCheck(BetCommand[][] streams, IReadOnlyList<Applied> calls, IReadOnlyList<Committed> transactions, bool expires)
{
    static readonly string[] Unknown = [$"rejected {Reasons.UnknownUser}", $"rejected {Reasons.UnknownEvent}", $"rejected {Reasons.UnknownBet}"];

    readonly NaiveModel _model = new();
    readonly List<BetCommand> _order = [];
    readonly StringBuilder _told = new();

    /// <exception cref="NotSerialException">They do not agree.</exception>
    public NaiveModel Run()
    {
        var takenBy = TakenBy();
        foreach (var transaction in transactions)
        {
            Play(transaction, takenBy);
        }
        EveryAnswerIsRight();
        EachPublishersOrderIsKept();
        return _model;
    }

    /// <summary>Compares what the model and PostgreSQL have in the end.</summary>
    public void Same(string what, IEnumerable<string> model, IEnumerable<string> stored)
    {
        var (expected, actual) = (string.Join(", ", model.Order(StringComparer.Ordinal)), string.Join(", ", stored.Order(StringComparer.Ordinal)));
        if (expected != actual)
        {
            throw Wrong($"{what} in the serial order: {expected}\n{what} in PostgreSQL:       {actual}");
        }
    }

    // Which call had the effect of a command: exactly one may say so.
    Dictionary<Guid, Applied> TakenBy()
    {
        var takenBy = new Dictionary<Guid, Applied>();
        foreach (var call in calls)
        {
            foreach (var (index, command) in call.Batch.Index())
            {
                if (call.Outcomes[index].Kind is not (OutcomeKind.Duplicate or OutcomeKind.Conflict) && !takenBy.TryAdd(command.Id, call))
                {
                    throw Wrong($"applied twice: {Told.Of(command)}");
                }
            }
        }
        return takenBy;
    }

    void Play(Committed transaction, Dictionary<Guid, Applied> takenBy)
    {
        var before = Plain();
        // The clock's decisions come first, as they do in a batch; which ones it made is read from what was written.
        foreach (var (id, outcome) in transaction.Outcomes.Where(row => expires && Unknown.Contains(row.Value) && before.GetValueOrDefault(row.Key) == "parked"))
        {
            _model.Expire(id, outcome["rejected ".Length..]);
        }
        var call = transaction.Taken.Count == 0 ? null : takenBy.GetValueOrDefault(transaction.Taken.First());
        foreach (var command in call?.Batch.Where(command => transaction.Taken.Contains(command.Id)).DistinctBy(command => command.Id) ?? [])
        {
            _model.Apply(command);
            _order.Add(command);
            _told.Append(CultureInfo.InvariantCulture, $"\n  transaction {transaction.Id}: {Told.Of(command)}");
        }
        _told.Append(CultureInfo.InvariantCulture, $"\n  transaction {transaction.Id} wrote: {string.Join("; ", transaction.Outcomes.Select(row => $"{row.Key.ToString()[..18]} {row.Value}"))}");
        var after = Plain();
        foreach (var id in after.Keys.Where(id => before.GetValueOrDefault(id) != after[id]).Union(transaction.Outcomes.Keys))
        {
            var (expected, written) = (after.GetValueOrDefault(id), transaction.Outcomes.GetValueOrDefault(id) ?? before.GetValueOrDefault(id));
            if (Short(written) != expected)
            {
                throw Wrong($"transaction {transaction.Id}: {id.ToString()[..18]} is {Short(written) ?? "nothing"} and would be {expected ?? "nothing"} in the serial order");
            }
        }
    }

    // A command that came again was told so, and told apart from another one with its id.
    void EveryAnswerIsRight()
    {
        var first = _order.ToDictionary(command => command.Id, CommandHash.Of);
        foreach (var call in calls)
        {
            foreach (var (index, command) in call.Batch.Index())
            {
                if (!first.TryGetValue(command.Id, out var hash))
                {
                    throw Wrong($"in nobody's transaction: {Told.Of(command)}");
                }
                var same = new HashedCommand(command).SameContentAs(hash);
                if (call.Outcomes[index].Kind == (same ? OutcomeKind.Conflict : OutcomeKind.Duplicate))
                {
                    throw Wrong($"answered {call.Outcomes[index].Kind}, but its content is {(same ? "the same" : "another")}: {Told.Of(command)}");
                }
            }
        }
        foreach (var command in streams.SelectMany(stream => stream).Where(command => !first.ContainsKey(command.Id)))
        {
            throw Wrong($"never applied: {Told.Of(command)}");
        }
    }

    void EachPublishersOrderIsKept()
    {
        var place = new Dictionary<BetCommand, int>(_order.Index().Select(row => KeyValuePair.Create(row.Item, row.Index)), ReferenceEqualityComparer.Instance);
        foreach (var stream in streams)
        {
            var places = stream.Where(place.ContainsKey).Select(command => place[command]).ToList();
            if (!places.SequenceEqual(places.Order()))
            {
                throw Wrong($"a publisher's order is not kept: {string.Join(' ', places)}");
            }
        }
    }

    Dictionary<Guid, string> Plain() => _model.Outcomes.ToDictionary(row => row.Key, row => Short(row.Value)!);

    // What a parked command waits for is each side's own note.
    static string? Short(string? outcome) => outcome is not null && outcome.StartsWith("parked", StringComparison.Ordinal) ? "parked" : outcome;

    NotSerialException Wrong(string what) => new($"{what}\nin this order of commits:{_told}\n");
}
