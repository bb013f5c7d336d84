using Betting.Connections;
using Betting.Contracts;
using MassTransit;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Doors;

/// <summary>Makes buses with the one receive endpoint; a bus that has lost its broker does not come back well, so each connection has one of its own.</summary>
public sealed class RabbitBus(RabbitInbox inbox, IOptions<RabbitMqOptions> rabbit, IOptions<IngestOptions> options, ILoggerFactory logs)
{
    public IBusControl Create()
    {
        LogContext.ConfigureCurrentLogContext(logs);
        return Bus.Factory.CreateUsingRabbitMq(bus =>
        {
            bus.Host(new Uri(rabbit.Value.Uri));
            bus.ReceiveEndpoint(Topics.Commands, endpoint =>
            {
                endpoint.PrefetchCount = options.Value.Prefetch;
                foreach (var (name, value) in CommandQueue.Arguments(options.Value.Queue))
                {
                    endpoint.SetQueueArgument(name, value);
                }
                endpoint.ConfigureConsumeTopology = false;
                endpoint.ConfigureReceive(pipe => pipe.UseFilter(inbox));
                endpoint.DiscardSkippedMessages();
                endpoint.RethrowFaultedMessages();
            });
        });
    }
}
