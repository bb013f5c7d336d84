using System.CommandLine;
using System.CommandLine.Invocation;
using Betting.Hosting;
using Betting.Local.Engines;

namespace Betting.Local.Cluster;

/// <summary>The command line of <c>./run</c>.</summary>
static class ClusterCommand
{
    /// <summary>Exit code of a run that broke an invariant, lost an engine or whose traffic failed.</summary>
    public const int Failed = 1;

    /// <summary>Exit code where something could not be started or did not answer.</summary>
    public const int CouldNotRun = 2;

    /// <summary>Runs what the arguments and the environment ask for.</summary>
    /// <returns>The exit code; 78 where they are wrong, and one line says what is.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var parsed = Create().Parse(args);
        if (
            parsed.Action is ParseErrorAction or AsynchronousCommandLineAction
            && (CommandLineErrors.Line(parsed) ?? await GivenAddresses.WhatIsWrongAsync()) is { } wrong
        )
        {
            await Console.Error.WriteLineAsync($"run: {wrong}; see --help");
            return ExitCodes.BadSettings;
        }
        // Ctrl-C and SIGTERM cancel; draining then takes the time it needs.
        return await parsed.InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromMinutes(10) });
    }

    static RootCommand Create()
    {
        var seconds = new Option<double?>("--for")
        {
            Description = "run this many seconds unattended, then drain, reconcile, check every invariant; exit code 0 only if all hold",
        }.InRange(1, 2_592_000);
        var rate = new Option<double>("--rate")
        {
            Description = "commands a second; 0: as fast as it goes",
            DefaultValueFactory = _ => 200,
        }.InRange(0, 1_000_000);
        var users = new Option<int>("--users") { Description = "how many users may bet", DefaultValueFactory = _ => 2_000 }.InRange(
            1,
            10_000_000
        );
        var events = new Option<int>("--events")
        {
            Description = "how many events are open at a time",
            DefaultValueFactory = _ => 40,
        }.InRange(1, 1_000_000);
        var seed = new Option<int>("--seed") { Description = "the same seed gives the same traffic", DefaultValueFactory = _ => 1 };
        var door = new Option<string>("--door")
        {
            Description = "which way commands come in",
            DefaultValueFactory = _ => "both",
        }.AcceptOnlyFromAmong("both", "kafka", "rabbitmq");
        var data = new Option<string>("--data")
        {
            Description = "the folder of everything that is written",
            DefaultValueFactory = _ => Path.Combine(Installed.ProjectRoot, ".local", "data"),
        };
        var replicas = new Option<string[]>("--replicas")
        {
            Description = "Worker=N, for example CdcSink=2; may be repeated",
            DefaultValueFactory = _ => [],
        };
        var json = new Option<string?>("--json") { Description = "write the summary of --for as JSON to this file" }.ToWrite();
        var follow = new Option<string>("--follow")
        {
            Description = "ids of commands and bets, separated by commas: the workers' logs tell each step with one of them",
            DefaultValueFactory = _ => "",
        }.Where(text => FollowedIds.FaultOf(text) is { } form ? $"takes {form} (it is '{text}')" : null);
        var engines = new Option<bool>("--engines")
        {
            Description = "start the engines alone, print their addresses as NAME=value lines, and stay",
        };
        replicas.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => Replicas(token.Value) is null))
            {
                result.AddError(
                    $"--replicas {token.Value}: one of {string.Join(", ", WorkerSettings.Workers)}, then = and a number " + $"from 0 to 16"
                );
            }
            foreach (
                var worker in result
                    .Tokens.Select(token => Replicas(token.Value)?.Worker)
                    .OfType<string>()
                    .GroupBy(worker => worker)
                    .Where(same => same.Count() > 1)
            )
            {
                result.AddError($"--replicas {worker.Key}= is given more than once");
            }
        });
        var command = new RootCommand(
            "The whole betting pipeline on this machine: engines, change capture, four workers, traffic.\n"
                + "KAFKA_BOOTSTRAP in the environment uses that Kafka, CONNECT_URL that Kafka Connect with Debezium. Exit code 78 and one "
                + "line where one of these is wrong, or does not answer within ten seconds."
        )
        {
            seconds,
            rate,
            users,
            events,
            seed,
            door,
            data,
            replicas,
            follow,
            json,
            engines,
        };
        command.Validators.Add(given =>
        {
            Option[] ofTraffic = [seconds, rate, users, events, seed, door, replicas, follow, json];
            if (given.GetValue(engines) && Array.Find(ofTraffic, given.IsGiven) is { } idle)
            {
                given.AddError($"{idle.Name} belongs to a run with workers and traffic, not to --engines");
            }
            else if (given.IsGiven(json) && !given.IsGiven(seconds))
            {
                given.AddError("--json needs --for");
            }
        });
        command.SetAction(
            (parsed, cancellation) =>
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
                    Replicas = parsed
                        .GetValue(replicas)!
                        .Select(text => Replicas(text)!.Value)
                        .ToDictionary(pair => pair.Worker, pair => pair.Count),
                    Follow = parsed.GetValue(follow)!,
                    Json = parsed.GetValue(json),
                    KafkaBootstrap = GivenAddresses.Kafka,
                    ConnectUrl = GivenAddresses.Connect is { } url ? new Uri(url) : null,
                };
                return RunAsync(parsed.GetValue(engines), options, cancellation);
            }
        );
        return command;
    }

    static async Task<int> RunAsync(bool enginesAlone, ClusterOptions options, CancellationToken cancellation)
    {
        try
        {
            return enginesAlone ? await EnginesOnly.RunAsync(options, cancellation) : await ClusterRun.RunAsync(options, cancellation);
        }
        catch (ArgumentsException wrong)
        {
            await Console.Error.WriteLineAsync("run: " + wrong.Message);
            return ExitCodes.BadSettings;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("run: interrupted while it started; nothing was sent");
            return Failed;
        }
        catch (Exception error)
            when (error is EngineException or IOException or TimeoutException or HttpRequestException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync("run: " + error.Message);
            return CouldNotRun;
        }
    }

    static (string Worker, int Count)? Replicas(string text) =>
        text.Split('=') is [var name, var number]
        && WorkerSettings.Workers.FirstOrDefault(worker => worker.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } worker
        && int.TryParse(number, out var count)
        && count is >= 0 and <= 16
            ? (worker, count)
            : null;
}
