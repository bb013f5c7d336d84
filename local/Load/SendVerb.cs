using System.CommandLine;
using System.CommandLine.Parsing;
using Betting.Local.Load.Doors;
using Betting.Local.Load.Traffic;

namespace Betting.Local.Load;

/// <summary><c>LocalLoad send</c>: live traffic to brokers that are there already.</summary>
static class SendVerb
{
    public static Command Create()
    {
        var kafka = new Option<string?>("--kafka") { Description = "bootstrap servers; left out, that door stays closed" };
        var rabbit = new Option<Uri?>("--rabbitmq")
        {
            Description = "amqp://user:password@host:port/; left out, that door stays closed",
            CustomParser = Address,
        };
        var rate = new Option<double>("--rate")
        {
            Description = "commands a second; 0: as fast as it goes",
            DefaultValueFactory = _ => 200,
        };
        var seconds = new Option<double>("--for") { Description = "seconds", DefaultValueFactory = _ => 10 };
        var traffic = new TrafficArguments();
        var command = new Command("send", "Sends traffic through one or both doors.") { kafka, rabbit, rate, seconds };
        traffic.AddTo(command);
        command.SetAction(
            async (parsed, cancellation) =>
            {
                var published = new Published();
                var doors = new List<IDoor>();
                if (parsed.GetValue(kafka) is { } bootstrap)
                {
                    doors.Add(new KafkaDoor(bootstrap, published));
                }
                if (parsed.GetValue(rabbit) is { } address)
                {
                    doors.Add(new RabbitDoor(address, published));
                }
                if (doors.Count == 0)
                {
                    await Console.Error.WriteLineAsync("send: name at least one door, --kafka or --rabbitmq");
                    return 2;
                }
                using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                stopping.CancelAfter(TimeSpan.FromSeconds(parsed.GetValue(seconds)));
                var stream = new BettingTraffic(traffic.Read(parsed), TimeProvider.System.GetUtcNow);
                await new TrafficRun(stream, doors, parsed.GetValue(rate)).RunAsync(stopping.Token, CancellationToken.None);
                foreach (var door in doors)
                {
                    await door.DisposeAsync();
                }
                Console.WriteLine(
                    $"{published.Commands} commands, {published.Duplicates} duplicates, {published.Malformed} malformed messages confirmed"
                );
                return 0;
            }
        );
        return command;
    }

    // The text is in no message: it may have a password.
    static Uri? Address(ArgumentResult given)
    {
        if (
            Uri.TryCreate(given.Tokens[0].Value, UriKind.Absolute, out var address)
            && address is { Scheme: "amqp" or "amqps", Host.Length: > 0, Port: not 0 }
        )
        {
            return address;
        }
        given.AddError("--rabbitmq takes amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps:// for TLS");
        return null;
    }
}
