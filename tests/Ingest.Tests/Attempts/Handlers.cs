using Betting.Contracts.Commands;
using Betting.Hosting;
using Betting.Ingest;
using Betting.Ingest.Attempts;
using Betting.Ingest.Messages;
using Betting.Tests.Ingest.Failures;
using Betting.Tests.Ingest.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Betting.Tests.Ingest.Attempts;

/// <summary>A door's batch handler on a database, without the door.</summary>
sealed class Handlers(Database database) : IDeadLetters, IDisposable
{
    readonly IngestMetrics _metrics = new(TimeProvider.System);

    /// <summary>What the handlers say about PostgreSQL.</summary>
    public Readiness Readiness { get; } = new();

    /// <summary>What was put aside.</summary>
    public List<DeadLetter> Letters { get; } = [];

    public BatchHandler New() =>
        new(
            "test",
            database.Transaction,
            this,
            Availability.Of(database, Readiness),
            new FollowedCommands(FollowedIds.None, NullLogger<FollowedCommands>.Instance),
            _metrics,
            TimeProvider.System,
            NullLogger.Instance
        );

    /// <summary>As a door does: the next batch is handed over while the one before is being applied.</summary>
    /// <returns>What each command was answered.</returns>
    public static async Task<List<string>> HandleAsync(BatchHandler handler, params IEnumerable<BetCommand[]> batches)
    {
        var deliveries = batches.Select(batch => batch.Select(Delivered).ToList()).ToList();
        var inHand = deliveries.ConvertAll(batch => handler.HandleAsync(batch, CancellationToken.None));
        await Task.WhenAll(inHand).WaitAsync(TimeSpan.FromSeconds(120), TimeProvider.System);
        return [.. deliveries.SelectMany(batch => batch).Select(delivery => delivery.Reply!.Outcome)];
    }

    public Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        lock (Letters)
        {
            Letters.AddRange(letters);
        }
        return Task.CompletedTask;
    }

    public void Dispose() => _metrics.Dispose();

    static Delivery Delivered(BetCommand command)
    {
        var body = CommandEncoder.Encode(command);
        return new Delivery(body, body, "test");
    }
}
