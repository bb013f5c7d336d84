using System.CommandLine;
using Betting.Local.Engines;

namespace Betting.Local.Cluster;

/// <summary>The command line of <c>./run</c>.</summary>
static class ClusterCommand
{
    /// <summary>Exit code of a run that broke an invariant, lost an engine or whose traffic failed.</summary>
    public const int Failed = 1;

    /// <summary>Exit code where something could not be started or did not answer.</summary>
    public const int CouldNotRun = 2;

    public static RootCommand Create()
    {
        var seconds = new Option<double?>("--for") { Description = "run this many seconds unattended, then drain, reconcile, check every invariant; exit code 0 only if all hold" };
        var rate = new Option<double>("--rate") { Description = "commands a second; 0: as fast as it goes", DefaultValueFactory = _ => 200 };
        var users = new Option<int>("--users") { Description = "how many users may bet", DefaultValueFactory = _ => 2_000 };
        var events = new Option<int>("--events") { Description = "how many events are open at a time", DefaultValueFactory = _ => 40 };
        var seed = new Option<int>("--seed") { Description = "the same seed gives the same traffic", DefaultValueFactory = _ => 1 };
        var door = new Option<string>("--door") { Description = "which way commands come in", DefaultValueFactory = _ => "both" }.AcceptOnlyFromAmong("both", "kafka", "rabbitmq");
        var data = new Option<string>("--data") { Description = "the folder of everything that is written", DefaultValueFactory = _ => Path.Combine(Installed.ProjectRoot, ".local", "data") };
        var replicas = new Option<string[]>("--replicas") { Description = "Worker=N, for example CdcSink=2; may be repeated", DefaultValueFactory = _ => [] };
        var json = new Option<string?>("--json") { Description = "write the summary of --for as JSON to this file" };
        var follow = new Option<string>("--follow") { Description = "ids of commands and bets, separated by commas: the workers' logs tell each step with one of them", DefaultValueFactory = _ => "" };
        var engines = new Option<bool>("--engines") { Description = "start the engines alone, print their addresses as NAME=value lines, and stay" };
        var positive = (System.CommandLine.Parsing.OptionResult result) =>
        {
            if (result.Tokens.Count > 0 && double.TryParse(result.Tokens[0].Value, System.Globalization.CultureInfo.InvariantCulture, out var value) && value < (result.Option == rate ? 0 : 1))
            {
                result.AddError($"{result.Option.Name} must be {(result.Option == rate ? "0 or more" : "at least 1")}");
            }
        };
        foreach (var option in new Option[] { seconds, rate, users, events })
        {
            option.Validators.Add(positive);
        }
        replicas.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => Replicas(token.Value) is null))
            {
                result.AddError($"--replicas {token.Value}: one of {string.Join(", ", WorkerSettings.Workers)}, then = and a number from 0 to 16");
            }
        });
        var command = new RootCommand(
            "The whole betting pipeline on this machine: engines, change capture, four workers, traffic.\n"
            + "KAFKA_BOOTSTRAP in the environment uses that Kafka, CONNECT_URL that Kafka Connect with Debezium.")
        {
            seconds, rate, users, events, seed, door, data, replicas, follow, json, engines,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var options = new ClusterOptions
            {
                Data = parsed.GetValue(data)!,
                For = parsed.GetValue(seconds) is { } time ? TimeSpan.FromSeconds(time) : null,
                Rate = parsed.GetValue(rate),
                Users = parsed.GetValue(users),
                Events = parsed.GetValue(events),
                Seed = parsed.GetValue(seed),
                Door = parsed.GetValue(door)!,
                Replicas = parsed.GetValue(replicas)!.Select(text => Replicas(text)!.Value).ToDictionary(pair => pair.Worker, pair => pair.Count),
                Follow = parsed.GetValue(follow)!,
                Json = parsed.GetValue(json),
                KafkaBootstrap = Given("KAFKA_BOOTSTRAP"),
                ConnectUrl = Given("CONNECT_URL") is { } url ? new Uri(url) : null,
            };
            return RunAsync(parsed.GetValue(engines), options, cancellation);
        });
        return command;
    }

    static async Task<int> RunAsync(bool enginesAlone, ClusterOptions options, CancellationToken cancellation)
    {
        try
        {
            return enginesAlone ? await EnginesOnly.RunAsync(options, cancellation) : await ClusterRun.RunAsync(options, cancellation);
        }
        catch (Exception error) when (error is EngineException or IOException or TimeoutException or HttpRequestException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync("run: " + error.Message);
            return CouldNotRun;
        }
    }

    static string? Given(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    static (string Worker, int Count)? Replicas(string text) =>
        text.Split('=') is [var name, var number]
        && WorkerSettings.Workers.FirstOrDefault(worker => worker.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } worker
        && int.TryParse(number, out var count) && count is >= 0 and <= 16
            ? (worker, count)
            : null;
}
