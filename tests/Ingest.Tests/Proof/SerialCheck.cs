using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Ingest.Messages;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Proof;

/// <summary>A history that no serial order explains; the message tells the transactions up to where it went wrong.</summary>
sealed class NotSerialException(string what) : Exception(what);

/// <summary>
/// Looks for a serial order: one in which the plain model, given one command after another, comes to each outcome of each
/// transaction, and in the end to every row. An order that passes is the proof, however it was found.
/// </summary>
/// <remarks>
/// The order of commits passes at once, as long as all that a transaction depends on is locked until it commits. One thing
/// cannot be locked: that a bet is not there. A refused bet whose id another transaction took before its commit, but after
/// its look, stands before that one in the serial order; it is moved there, and everything is checked again.
/// </remarks>
sealed class SerialCheck(BetCommand[][] streams, IReadOnlyList<Applied> calls, IReadOnlyList<Committed> transactions, bool expires)
{
    // Each move puts one transaction before another; more than this would go in circles.
    const int MostMoves = 300;

    SerialPlay _play = null!;

    /// <exception cref="NotSerialException">There is none.</exception>
    public NaiveModel Run()
    {
        var takenBy = TakenBy();
        var order = transactions.ToList();
        for (var moves = 0; ; moves++)
        {
            _play = new SerialPlay(takenBy, expires);
            if (_play.Run(order) is not { } difference)
            {
                break;
            }
            if (difference.MoveBefore is not { } earlier || moves == MostMoves)
            {
                throw Wrong(difference.What);
            }
            var late = order[difference.At];
            order.RemoveAt(difference.At);
            order.Insert(earlier, late);
        }
        EveryAnswerIsRight();
        EachPublishersOrderIsKept();
        return _play.Model;
    }

    /// <summary>Compares what the model and PostgreSQL have in the end.</summary>
    public void Same(string what, IEnumerable<string> model, IEnumerable<string> stored)
    {
        var (expected, actual) = (
            string.Join(", ", model.Order(StringComparer.Ordinal)),
            string.Join(", ", stored.Order(StringComparer.Ordinal))
        );
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
                    throw new NotSerialException($"applied twice: {Told.Of(command)}");
                }
            }
        }
        return takenBy;
    }

    // A command that came again was told so, and told apart from another one with its id.
    void EveryAnswerIsRight()
    {
        var first = _play.Order.ToDictionary(command => command.Id, CommandHash.Of);
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
                    throw Wrong(
                        $"answered {call.Outcomes[index].Kind}, but its content is {(same ? "the same" : "another")}: "
                            + $"{Told.Of(command)}"
                    );
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
        var place = new Dictionary<BetCommand, int>(
            _play.Order.Index().Select(row => KeyValuePair.Create(row.Item, row.Index)),
            ReferenceEqualityComparer.Instance
        );
        foreach (var stream in streams)
        {
            var places = stream.Where(place.ContainsKey).Select(command => place[command]).ToList();
            if (!places.SequenceEqual(places.Order()))
            {
                throw Wrong($"a publisher's order is not kept: {string.Join(' ', places)}");
            }
        }
    }

    NotSerialException Wrong(string what) => new($"{what}\nin this order:{_play.Told}\n");
}
