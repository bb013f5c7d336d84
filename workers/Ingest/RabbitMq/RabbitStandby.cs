using System.Globalization;
using Betting.Contracts;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.RabbitMq;

/// <summary>
/// Reports a queue that does not move while this replica stands by: whoever is the active consumer takes nothing. It may be a replica that
/// hangs, or a program that is no Ingest.
/// </summary>
sealed class RabbitStandby(Readiness readiness, TimeProvider clock, ILogger log)
{
    /// <summary>The condition of readiness.</summary>
    public const string Condition = "rabbitmq-queue";

    /// <summary>How long the queue may stand.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    static readonly TimeSpan ReportAgainAfter = TimeSpan.FromMinutes(1);

    long? _reported;

    /// <param name="isActive">True where RabbitMQ delivers to this replica.</param>
    /// <param name="depth">Messages that are ready.</param>
    /// <param name="standing">How long the queue has not moved.</param>
    public void Observe(bool isActive, uint depth, TimeSpan standing)
    {
        if (isActive || standing < Limit)
        {
            if (_reported is not null)
            {
                IngestLog.QueueMoves(log, Topics.Commands);
                _reported = null;
            }
            readiness.Set(Condition, true);
            return;
        }
        readiness.Set(
            Condition,
            false,
            string.Create(
                CultureInfo.InvariantCulture,
                $"this replica stands by, and the {depth} commands that wait have not become fewer for {standing.TotalSeconds:F0} s: "
                    + $"another consumer is active"
            )
        );
        if (_reported is not { } reported || clock.GetElapsedTime(reported) >= ReportAgainAfter)
        {
            _reported = clock.GetTimestamp();
            IngestLog.QueueStands(log, Topics.Commands, depth, standing.TotalSeconds);
        }
    }
}
