using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using RabbitMQ.Client;
using Xunit;

namespace Betting.Tests.Local.Load;

/// <summary><c>LocalLoad send</c> as a process.</summary>
public sealed class SendTests : IDisposable
{
    readonly string _folder = ServerFolder.Create();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Traffic_goes_to_the_RabbitMQ_that_is_named()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var rabbit = new RabbitServer(_folder, FreePort.Take());
        await rabbit.StartAsync();
        await using var connection = await new ConnectionFactory { Uri = new Uri(rabbit.Uri) }.CreateConnectionAsync(cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        await channel.QueueDeclareAsync(
            "bet-commands",
            durable: true,
            exclusive: false,
            autoDelete: false,
            cancellationToken: cancellation
        );

        var (code, output) = await SendAsync("--rabbitmq", rabbit.Uri, "--rate", "100", "--for", "1");

        Assert.True(code == 0, output);
        Assert.Contains("malformed messages confirmed", output, StringComparison.Ordinal);
        Assert.True(await channel.MessageCountAsync("bet-commands", cancellation) > 0);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("http://a:hunter2@h")]
    [InlineData("amqp://a:hunter2@h:0")]
    public async Task Another_form_of_address_is_refused_without_a_stack_trace_and_without_its_password(string address)
    {
        var (code, output) = await SendAsync("--rabbitmq", address);

        Assert.NotEqual(0, code);
        Assert.Contains("--rabbitmq takes amqp://USER:PASSWORD@HOST:PORT/VHOST", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", output, StringComparison.Ordinal);
    }

    async Task<(int ExitCode, string Output)> SendAsync(params string[] arguments)
    {
        var log = Path.Combine(_folder, "logs", $"send-{Guid.NewGuid():N}.log");
        await using var process = EngineProcess.Start("LocalLoad", Installed.Own("local/Load", "LocalLoad", ["send", .. arguments]), log);
        Assert.True(await process.ExitedWithinAsync(TimeSpan.FromSeconds(120)), "it did not end");
        return (process.ExitCode, await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken));
    }
}
