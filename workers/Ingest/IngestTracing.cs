using System.Diagnostics;
using Betting.Contracts;
using Betting.Ingest.Messages;

namespace Betting.Ingest;

/// <summary>
/// Traces from publisher to commit; source <c>Betting.Ingest</c>. A batch is one span with a link to each command's context; each
/// command whose publisher is traced gets a span in the publisher's own trace, from the batch's start to its end.
/// </summary>
public static class IngestTracing
{
    // What exporters take by default; a batch may have more commands.
    const int MostLinks = 128;

    static readonly ActivitySource Source = new("Betting.Ingest");

    /// <summary>False where nobody listens; then nothing is read and nothing is made.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <param name="traceParent">W3C's header of this name.</param>
    /// <param name="traceState">Likewise.</param>
    public static ActivityContext Parse(string? traceParent, string? traceState) =>
        ActivityContext.TryParse(traceParent, traceState, isRemote: true, out var context) ? context : default;

    /// <summary>Starts the batch's span, which is the current one until it is disposed of; null where nobody listens.</summary>
    public static BatchTrace? Start(string door, IReadOnlyList<Delivery> deliveries)
    {
        if (!IsOn)
        {
            return null;
        }
        var links = deliveries
            .Where(delivery => delivery.Context != default)
            .Take(MostLinks)
            .Select(delivery => new ActivityLink(delivery.Context));
        var batch = Source.StartActivity("ingest batch", ActivityKind.Consumer, parentContext: default, Tags(door), links);
        batch?.SetTag("messaging.batch.message_count", deliveries.Count);
        return batch is null ? null : new BatchTrace(batch, door, deliveries);
    }

    static KeyValuePair<string, object?>[] Tags(string door) =>
        [new("messaging.system", door), new("messaging.destination.name", Topics.Commands), new("messaging.operation.type", "process")];

    /// <summary>The span of one batch and, when it ends, those of its commands.</summary>
    public sealed class BatchTrace(Activity batch, string door, IReadOnlyList<Delivery> deliveries) : IDisposable
    {
        public void Dispose()
        {
            batch.Stop();
            foreach (var delivery in deliveries)
            {
                // Without an answer it was not done: the worker stops, and it comes again.
                if (delivery is { Reply: { } answer } && delivery.Context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded))
                {
                    Command(delivery.Context, answer);
                }
            }
        }

        void Command(ActivityContext context, Reply answer)
        {
            using var span = Source.StartActivity(
                "ingest command",
                ActivityKind.Consumer,
                context,
                Tags(door),
                [new ActivityLink(batch.Context)],
                batch.StartTimeUtc
            );
            span?.SetTag("ingest.command.id", answer.CommandId?.ToString())
                .SetTag("ingest.outcome", answer.Outcome)
                .SetTag("ingest.reason", answer.Reason);
            span?.SetEndTime(batch.StartTimeUtc + batch.Duration);
        }
    }
}
