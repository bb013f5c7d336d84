using Betting.Brokers;
using Betting.Contracts;
using MassTransit;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>
/// What MassTransit alone does: it takes the same messages off the same queue, makes an object of each, and acknowledges it.
/// </summary>
sealed class EmptyConsumer(EmptyConsumer.Counter counter) : IConsumer<EmptyConsumer.Command>
{
    /// <summary>A command as MassTransit reads it from raw JSON.</summary>
    public sealed record Command(Guid Id, string Kind, DateTime IssuedAt, long BetId, long UserId, long EventId, string Amount);

    public Task Consume(ConsumeContext<Command> context)
    {
        counter.One();
        return Task.CompletedTask;
    }

    /// <param name="uri">The broker.</param>
    /// <param name="kind">Of the queue that is there.</param>
    /// <param name="prefetch">As the worker's.</param>
    /// <param name="warmUp">Messages before the clock starts.</param>
    /// <param name="messages">Messages after that.</param>
    public static async Task<double> RateAsync(
        string uri,
        QueueKind kind,
        ushort prefetch,
        int warmUp,
        int messages,
        TimeProvider clock,
        CancellationToken cancellation
    )
    {
        var counter = new Counter(warmUp, messages, clock);
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(new Uri(uri));
            rabbit.ReceiveEndpoint(Topics.Commands, endpoint =>
            {
                endpoint.PrefetchCount = prefetch;
                foreach (var (name, value) in CommandQueue.Arguments(kind))
                {
                    endpoint.SetQueueArgument(name, value);
                }
                endpoint.ConfigureConsumeTopology = false;
                endpoint.UseRawJsonDeserializer(RawSerializerOptions.AnyMessageType, isDefault: true);
                endpoint.Consumer(() => new EmptyConsumer(counter));
            });
        });
        await bus.StartAsync(cancellation);
        try
        {
            return messages / (await counter.Done.WaitAsync(TimeSpan.FromMinutes(5), clock, cancellation)).TotalSeconds;
        }
        finally
        {
            await bus.StopAsync(TimeSpan.FromSeconds(30));
        }
    }

    internal sealed class Counter(int warmUp, int messages, TimeProvider clock)
    {
        readonly TaskCompletionSource<TimeSpan> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int _count;
        long _started;

        public Task<TimeSpan> Done => _done.Task;

        public void One()
        {
            var count = Interlocked.Increment(ref _count);
            if (count == warmUp)
            {
                _started = clock.GetTimestamp();
            }
            else if (count == warmUp + messages)
            {
                _done.SetResult(clock.GetElapsedTime(_started));
            }
        }
    }
}
