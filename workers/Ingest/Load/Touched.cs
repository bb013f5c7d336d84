using Betting.Contracts.Commands;
using Betting.Ingest.Decide;

namespace Betting.Ingest.Load;

/// <summary>The ids that a batch of commands reads or changes; what has to be locked before anything is decided.</summary>
sealed class Touched
{
    /// <summary>Users whose wallet or name is needed.</summary>
    public HashSet<long> Users { get; } = [];

    /// <summary>Users to be registered.</summary>
    public HashSet<long> NewUsers { get; } = [];

    public HashSet<long> Events { get; } = [];
    public HashSet<long> Bets { get; } = [];

    /// <summary>Some command may change an event, so its lock must be one for writers.</summary>
    public bool ChangesEvents { get; private set; }

    public void Add(BetCommand command)
    {
        var content = CommandContent.Of(command);
        if (content.UserId is { } user)
        {
            Users.Add(user);
        }
        if (content.EventId is { } ev)
        {
            Events.Add(ev);
        }
        if (content.BetId is { } bet)
        {
            Bets.Add(bet);
        }
        if (command is RegisterUser registration)
        {
            NewUsers.Add(registration.UserId);
        }
        ChangesEvents |= command is ChangeEvent or ScheduleEvent;
    }

    /// <summary>What a parked command waits for may have come.</summary>
    public void Add(WaitKey wait)
    {
        var ids = wait.For switch
        {
            WaitFor.User => Users,
            WaitFor.Event => Events,
            _ => Bets,
        };
        ids.Add(wait.Id);
    }
}
