using Betting.Contracts;
using Betting.Contracts.Commands;
using RabbitMQ.Client;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>Publishes commands to the queue: raw JSON, persistent, confirmed.</summary>
sealed class RabbitFeed(IConnection connection, IChannel channel) : IAsyncDisposable
{
    static readonly BasicProperties Properties = new() { Persistent = true, ContentType = "application/json" };

    public static async Task<RabbitFeed> OpenAsync(string uri)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(uri) }.CreateConnectionAsync();
        return new RabbitFeed(connection, await connection.CreateChannelAsync(new CreateChannelOptions(true, true, null)));
    }

    public static async Task PreloadAsync(string uri, IEnumerable<BetCommand> commands)
    {
        await using var feed = await OpenAsync(uri);
        foreach (var chunk in commands.Chunk(1000))
        {
            await Task.WhenAll(chunk.Select(command => feed.SendAsync(command)));
        }
    }

    /// <summary>Ends when the broker has confirmed it.</summary>
    public Task SendAsync(BetCommand command) =>
        channel.BasicPublishAsync("", Topics.Commands, mandatory: true, Properties, CommandEncoder.Encode(command)).AsTask();

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await connection.DisposeAsync();
    }
}
