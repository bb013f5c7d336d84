using System.Diagnostics;
using Betting.Contracts;
using Betting.Contracts.Commands;

namespace Betting.BetCommands;

/// <summary>The publisher's span of a command, source <c>Betting.BetCommands</c>, and its context for the message's headers.</summary>
static class PublishTrace
{
    public const string ParentHeader = "traceparent",
        StateHeader = "tracestate";

    static readonly ActivitySource Source = new("Betting.BetCommands");

    public static Activity? Start(string system, BetCommand command)
    {
        var span = Source.StartActivity($"publish {Topics.Commands}", ActivityKind.Producer);
        return span
            ?.SetTag("messaging.system", system)
            .SetTag("messaging.destination.name", Topics.Commands)
            .SetTag("messaging.operation.type", "send")
            .SetTag("messaging.message.id", command.Id.ToString());
    }

    /// <summary>The headers of the current span: its own, or the one around it where nobody listens to this source.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Headers()
    {
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id } current)
        {
            yield return new(ParentHeader, id);
            if (current.TraceStateString is { Length: > 0 } state)
            {
                yield return new(StateHeader, state);
            }
        }
    }
}
