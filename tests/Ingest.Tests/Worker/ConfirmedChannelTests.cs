using Betting.Brokers;
using Betting.Tests.Fixtures;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Tests.Ingest.Worker;

/// <summary>On a real RabbitMQ behind a connection that breaks at random moments.</summary>
public sealed class ConfirmedChannelTests(Servers servers)
{
    static CancellationToken Ending => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_publish_ends_where_the_connection_breaks_amid_thousands()
    {
        var rabbit = new Uri((await servers.RabbitAsync()).Uri);
        var random = new Random(7);
        for (var round = 0; round < 40; round++)
        {
            await using var wire = new CutWire(rabbit.Port);
            Assert.True(RabbitAddress.TryParse(new UriBuilder(rabbit) { Port = wire.Port }.Uri.ToString(), out var address));
            var connection = await address.OpenAsync("test", Ending);
            var channel = await ConfirmedChannel.OpenAsync(connection, Ending);
            var queue = (await channel.Channel.QueueDeclareAsync("", durable: false, exclusive: true, cancellationToken: Ending)).QueueName;

            Task[] publishes =
            [
                .. Enumerable
                    .Range(0, 5_000)
                    .Select(_ => channel.PublishAsync(queue, mandatory: true, new BasicProperties(), new byte[200], Ending)),
            ];
            var confirmed = random.Next(publishes.Length);
            await publishes[confirmed].WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Ending);
            wire.Break();

            await Task.WhenAll(publishes)
                .WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Ending)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            Assert.All(publishes, publish => Assert.True(publish.IsCompleted, $"round {round}: a publish did not end"));
            Assert.All(publishes.Where(publish => !publish.IsCompletedSuccessfully), publish =>
                Assert.IsAssignableFrom<OperationInterruptedException>(Assert.Single(publish.Exception!.InnerExceptions))
            );
            await RabbitConnection.LeaveAsync(connection);
        }
    }
}
