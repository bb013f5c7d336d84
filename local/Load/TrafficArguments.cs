using System.CommandLine;
using Betting.Local.Load.Traffic;

namespace Betting.Local.Load;

/// <summary>The options that both verbs share.</summary>
sealed class TrafficArguments
{
    readonly Option<int> _seed = new("--seed") { Description = "the same seed gives the same commands", DefaultValueFactory = _ => 1 };
    readonly Option<int> _run = new("--run")
    {
        Description = "shifts all ids, for new traffic on the same data",
        DefaultValueFactory = _ => 1,
    };
    readonly Option<int> _users = new("--users") { Description = "how many users may bet", DefaultValueFactory = _ => 2_000 };
    readonly Option<int> _events = new("--events") { Description = "how many events are open at a time", DefaultValueFactory = _ => 40 };

    public void AddTo(Command command)
    {
        command.Options.Add(_seed);
        command.Options.Add(_run);
        command.Options.Add(_users);
        command.Options.Add(_events);
    }

    public TrafficOptions Read(ParseResult parsed) =>
        new()
        {
            Seed = parsed.GetValue(_seed),
            Run = parsed.GetValue(_run),
            Users = parsed.GetValue(_users),
            Events = parsed.GetValue(_events),
        };
}
