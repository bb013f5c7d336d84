using Betting.Contracts.Commands;

namespace Betting.Ingest.Decide;

/// <summary>
/// A whole batch: commands in their order, and between them the parked ones that they release. Pure: state in, outcomes
/// and changed state out.
/// </summary>
public sealed class BatchDecision
{
    readonly State _state;
    readonly Decider _decider;
    readonly TimeSpan _parkFor;
    readonly DateTime _now;
    readonly Dictionary<WaitKey, List<ParkedCommand>> _waiting = [];
    readonly Dictionary<Guid, ParkedCommand> _wereParked;
    readonly IReadOnlySet<WaitKey> _releasedLater;

    /// <param name="state">What was loaded; changed by the decisions.</param>
    /// <param name="parked">Parked commands that this batch may release, that are due, or whose wait may be over.</param>
    /// <param name="limits">The limits of single commands.</param>
    /// <param name="parkFor">How long a command waits at most.</param>
    /// <param name="now">The clock, UTC.</param>
    /// <param name="releasedLater">
    /// What, if it comes, has its waiters released by other transactions; none of those is in <paramref name="parked"/>.
    /// </param>
    public BatchDecision(
        State state,
        IReadOnlyList<ParkedCommand> parked,
        Limits limits,
        TimeSpan parkFor,
        DateTime now,
        IReadOnlySet<WaitKey>? releasedLater = null
    )
    {
        _releasedLater = releasedLater ?? new HashSet<WaitKey>();
        _state = state;
        _decider = new Decider(state, Ledger, limits, now);
        _parkFor = parkFor;
        _now = now;
        _wereParked = parked.ToDictionary(waiting => waiting.Command.Id);
        foreach (var waiting in parked)
        {
            Wait(waiting);
        }
    }

    public Ledger Ledger { get; } = new();

    /// <summary>Outcomes of this batch's own commands, by command id.</summary>
    public Dictionary<Guid, Outcome> Outcomes { get; } = [];

    /// <summary>Parked commands that have their final outcome now.</summary>
    public List<(BetCommand Command, Outcome Outcome)> Released { get; } = [];

    /// <summary>Commands that wait from now on: new ones, and parked ones that wait for something else now.</summary>
    public List<ParkedCommand> ParkedNow { get; } = [];

    /// <summary>Of those, the ones that were parked before this batch: the journal has the reason of their former wait.</summary>
    public IEnumerable<ParkedCommand> ParkedAgain => ParkedNow.Where(waiting => _wereParked.ContainsKey(waiting.Command.Id));

    /// <summary>Users, events and bets that are there from now on, with nobody left who waits for them.</summary>
    public List<WaitKey> Brought { get; } = [];

    /// <summary>Those that are there from now on, whose waiters are released by other transactions.</summary>
    public List<WaitKey> Opened { get; } = [];

    /// <summary>Decides everything.</summary>
    /// <param name="commands">New commands in their order; no id twice.</param>
    public BatchDecision Run(IReadOnlyList<BetCommand> commands)
    {
        ReleaseArrivedAndDue();
        foreach (var command in commands)
        {
            DecideOne(command, _now + _parkFor);
        }
        ParkedNow.AddRange(
            _waiting
                .Values.SelectMany(list => list)
                .Where(waiting => !_wereParked.TryGetValue(waiting.Command.Id, out var before) || before != waiting)
        );
        return this;
    }

    /// <summary>Decides one part of a release.</summary>
    /// <param name="release">What has come.</param>
    /// <param name="cameAt">When it came: who was due by then was too late; null where nobody was.</param>
    /// <param name="refused">Each of those that wait for it is one that the database takes with no other outcome.</param>
    public BatchDecision Release(WaitKey release, DateTime? cameAt, bool refused)
    {
        foreach (var late in InIssueOrder(_wereParked.Values.Where(waiting => waiting.Deadline <= cameAt)))
        {
            _waiting[late.Wait].Remove(late);
            Finish(late, Outcome.Rejected(late.Wait.Missing));
        }
        foreach (var waiting in InIssueOrder(_waiting.Remove(release, out var list) ? list : []))
        {
            if (refused)
            {
                Finish(waiting, Outcome.Rejected(Reasons.RefusedByDatabase));
            }
            else
            {
                DecideAgain(waiting);
            }
        }
        return Run([]);
    }

    // What a parked command waits for can be there already: brought by a transaction that ran beside the one that parked it.
    void ReleaseArrivedAndDue()
    {
        foreach (var waiting in InIssueOrder(_wereParked.Values))
        {
            var arrived = _state.Has(waiting.Wait);
            if ((arrived || waiting.Deadline <= _now) && _waiting.TryGetValue(waiting.Wait, out var list) && list.Remove(waiting))
            {
                if (arrived)
                {
                    DecideAgain(waiting);
                }
                else
                {
                    // With what it waited for, whatever else would speak against it by now.
                    Finish(waiting, Outcome.Rejected(waiting.Wait.Missing));
                }
            }
        }
    }

    void DecideOne(BetCommand command, DateTime deadline)
    {
        var outcome = _decider.Decide(command);
        Outcomes[command.Id] = outcome;
        if (outcome.Kind == OutcomeKind.Parked)
        {
            Outcomes[command.Id] = outcome with { Until = deadline };
            // A microsecond apart, so that commands of one moment keep their order while they wait.
            Wait(new ParkedCommand(command, outcome.Wait, _now.AddMicroseconds(Outcomes.Count), deadline));
        }
        else
        {
            ReleaseWhatWaitedFor(command, outcome);
        }
    }

    void DecideAgain(ParkedCommand waiting)
    {
        var outcome = _decider.Decide(waiting.Command);
        if (outcome.Kind == OutcomeKind.Parked)
        {
            if (waiting.Deadline > _now)
            {
                Wait(waiting with { Wait = outcome.Wait });
                if (!_wereParked.ContainsKey(waiting.Command.Id))
                {
                    Outcomes[waiting.Command.Id] = outcome with { Until = waiting.Deadline };
                }
                return;
            }
            outcome = Outcome.Rejected(outcome.Reason!);
        }
        Finish(waiting, outcome);
    }

    void Finish(ParkedCommand waiting, Outcome outcome)
    {
        if (_wereParked.ContainsKey(waiting.Command.Id))
        {
            Released.Add((waiting.Command, outcome));
        }
        else
        {
            Outcomes[waiting.Command.Id] = outcome;
        }
        ReleaseWhatWaitedFor(waiting.Command, outcome);
    }

    void ReleaseWhatWaitedFor(BetCommand command, Outcome outcome)
    {
        if (outcome.Kind != OutcomeKind.Accepted || WaitKey.BroughtBy(command) is not { } brought)
        {
            return;
        }
        (_releasedLater.Contains(brought) ? Opened : Brought).Add(brought);
        if (_waiting.Remove(brought, out var list))
        {
            foreach (var waiting in InIssueOrder(list))
            {
                DecideAgain(waiting);
            }
        }
    }

    void Wait(ParkedCommand waiting)
    {
        if (!_waiting.TryGetValue(waiting.Wait, out var list))
        {
            _waiting[waiting.Wait] = list = [];
        }
        list.Add(waiting);
    }

    // Ties go to who was parked first.
    static ParkedCommand[] InIssueOrder(IEnumerable<ParkedCommand> parked) =>
        parked.OrderBy(waiting => waiting.Command.IssuedAt).ThenBy(waiting => waiting.ParkedAt).ToArray();
}
