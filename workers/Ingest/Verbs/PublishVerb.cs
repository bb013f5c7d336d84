using System.CommandLine;
using Betting.Brokers;
using Betting.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Win32.SafeHandles;

namespace Betting.Ingest.Verbs;

/// <summary><c>Ingest publish --to rabbitmq|kafka FILE</c>: sends a file of commands, one JSON object a line, as it stands.</summary>
static class PublishVerb
{
    public static WorkerCommandLine WithPublish(this WorkerCommandLine line)
    {
        var to = new Option<Door>("--to") { Description = "rabbitmq or kafka", Required = true };
        var rate = new Option<int>("--rate") { Description = "commands a second at most; 0, the default, is as fast as it goes" }.InRange(
            0,
            10_000_000
        );
        var file = new Argument<string>("FILE") { Description = "one command a line, or - for standard input" };
        var command = new Command("publish", "Publishes commands from a file, in its order, each confirmed by the broker.")
        {
            to,
            rate,
            file,
        };
        return line.WithVerb(command, BrokerSettings.Bind, async (parsed, services, cancellation) =>
        {
            await using var input = Open(parsed.GetValue(file)!);
            await using var target = await TargetAsync(parsed.GetValue(to), services, cancellation);
            var publisher = new Publisher(target, parsed.GetValue(rate), services.GetRequiredService<TimeProvider>());
            var published = await publisher.RunAsync(input, cancellation);
            if (published.First is { } line)
            {
                await Console.Error.WriteLineAsync(Describe(published, line, services.GetRequiredService<StoreFailures>()));
                return ExitCodes.NotDone;
            }
            if (published.IsInterrupted)
            {
                await Console.Error.WriteLineAsync(
                    $"Ingest publish: interrupted: the first {published.Confirmed} commands of FILE are confirmed, no other was sent"
                );
                return ExitCodes.NotDone;
            }
            Console.WriteLine($"{published.Confirmed} commands published.");
            return ExitCodes.Done;
        });
    }

    static string Describe(Published published, UnconfirmedLine line, StoreFailures stores)
    {
        var reason = stores.Recognise(line.Failure)?.Detail ?? line.Failure.Message.ReplaceLineEndings(" ");
        var behind = published.Behind > 0 ? $", and {published.Behind} behind it" : "";
        return $"Ingest publish: line {line.Number} was not confirmed: {reason}; {published.Confirmed} commands before it are "
            + $"confirmed{behind}";
    }

    static Task<ICommandTarget> TargetAsync(Door door, IServiceProvider services, CancellationToken cancellation)
    {
        var rabbit = services.GetRequiredService<IOptions<RabbitMqOptions>>().Value;
        var kafka = services.GetRequiredService<IOptions<KafkaOptions>>().Value;
        var missing =
            door == Door.Kafka
                ? kafka.BootstrapServers == ""
                    ? "Kafka:BootstrapServers"
                    : null
                : rabbit.Uri == ""
                    ? "RabbitMq:Uri"
                    : null;
        return missing is not null ? throw new ArgumentsException($"{missing}: required")
            : door == Door.Kafka ? Task.FromResult(KafkaTarget.Open(kafka))
            : RabbitTarget.OpenAsync(rabbit, services.GetRequiredService<IOptions<IngestOptions>>().Value.Queue, cancellation);
    }

    static FileStream Open(string file)
    {
        try
        {
            return file == "-" ? new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read) : File.OpenRead(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentsException(failure.Message);
        }
    }
}
