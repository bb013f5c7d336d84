using System.CommandLine;
using System.CommandLine.Invocation;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Betting.Hosting;

/// <summary>What a verb does with what was parsed and the services it composed; returns the exit code.</summary>
public delegate Task<int> VerbAction(ParseResult parsed, IServiceProvider services, CancellationToken cancellation);

/// <summary>A verb's arguments do not fit together, or a setting that it needs is missing; the message says which.</summary>
public sealed class ArgumentsException(string message) : Exception(message);

/// <summary>
/// A worker's command line: without a verb it runs the worker; every verb does one thing and ends. Settings are given as
/// <c>--Section:Key=value</c> after either.
/// </summary>
public sealed class WorkerCommandLine(string worker, string purpose)
{
    readonly List<Command> _verbs = [];
    string[] _settings = [];

    /// <summary>Adds a verb: it gets the same configuration and checks as the worker, but no loops and no HTTP endpoint.</summary>
    /// <param name="command">The verb's own options and arguments.</param>
    /// <param name="compose">Adds the services that the verb needs.</param>
    /// <param name="action">Does the work.</param>
    public WorkerCommandLine WithVerb(Command command, Action<WebApplicationBuilder> compose, VerbAction action)
    {
        SetAction(command, async (parsed, settings, cancellation) =>
        {
            var builder = WorkerHost.CreateBuilder(worker, settings, LogTarget.Error);
            compose(builder);
            await using var app = builder.Build();
            if (BootSettings.WhatIsWrong(app.Services) is { } reason)
            {
                await Console.Error.WriteLineAsync($"{worker} {NameOf(command)}: {reason}");
                return WorkerHost.BadSettings;
            }
            using var interruption = new Interruption(cancellation);
            return await ActAsync(
                $"{worker} {NameOf(command)}",
                app.Services,
                () => action(parsed, app.Services, interruption.Token),
                interruption.Token
            );
        });
        _verbs.Add(command);
        return this;
    }

    /// <summary>Adds a verb of two words: <paramref name="command"/> under <paramref name="parent"/>.</summary>
    public WorkerCommandLine WithVerb(Command parent, Command command, Action<WebApplicationBuilder> compose, VerbAction action)
    {
        WithVerb(command, compose, action);
        _verbs.Remove(command);
        parent.Subcommands.Add(command);
        if (!_verbs.Contains(parent))
        {
            _verbs.Add(parent);
        }
        return this;
    }

    /// <param name="args">The process's arguments.</param>
    /// <param name="compose">Adds the worker's own services and loops to its host.</param>
    /// <param name="map">Adds the worker's own HTTP endpoints, if it has any.</param>
    public Task<int> RunAsync(string[] args, Action<WebApplicationBuilder> compose, Action<WebApplication>? map = null)
    {
        var root = new RootCommand($"{purpose}\nSettings: appsettings.json, then environment (Section__Key), then --Section:Key=value.");
        SetAction(root, async (_, settings, cancellation) =>
        {
            using var interruption = new Interruption(cancellation);
            var builder = WorkerHost.CreateBuilder(worker, settings, LogTarget.Output);
            compose(builder);
            var app = builder.Build();
            map?.Invoke(app);
            return await WorkerHost.RunAsync(worker, app, interruption.Token);
        });
        _verbs.ForEach(root.Subcommands.Add);
        // Settings are taken out first: a verb that takes any number of files would take them for files.
        _settings = [.. args.Where(IsSetting)];
        // The host drains by itself on SIGTERM; the parser must not end the process two seconds later.
        var parsed = root.Parse([.. args.Where(token => !IsSetting(token))]);
        if (parsed.Action is ParseErrorAction or AsynchronousCommandLineAction && CommandLineErrors.Line(parsed) is { } wrong)
        {
            Console.Error.WriteLine(
                $"{worker}{(parsed.CommandResult.Command is RootCommand ? "" : " " + NameOf(parsed.CommandResult.Command))}: {wrong}; "
                    + $"see --help"
            );
            return Task.FromResult(ExitCodes.BadSettings);
        }
        return parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    static string NameOf(Command command) =>
        command.Parents.FirstOrDefault() is Command parent and not RootCommand ? $"{parent.Name} {command.Name}" : command.Name;

    /// <summary>
    /// A store that cannot be asked has a code of its own; whatever else a verb throws is one line, without a stack trace.
    /// </summary>
    static async Task<int> ActAsync(string verb, IServiceProvider services, Func<Task<int>> act, CancellationToken cancellation)
    {
        try
        {
            return await act();
        }
        catch (Exception ended) when (cancellation.IsCancellationRequested)
        {
            WorkerLog.VerbFailed(services.GetRequiredService<ILoggerFactory>().CreateLogger(verb), verb, ended);
            await Console.Error.WriteLineAsync(
                IsCancelled(ended) ? $"{verb}: interrupted" : $"{verb}: interrupted: {ended.Message.ReplaceLineEndings(" ")}"
            );
            return ExitCodes.NotDone;
        }
        catch (Exception failure)
        {
            WorkerLog.VerbFailed(services.GetRequiredService<ILoggerFactory>().CreateLogger(verb), verb, failure);
            var failures = services.GetRequiredService<StoreFailures>();
            if (failures.IsSetting(failure))
            {
                await Console.Error.WriteLineAsync($"{verb}: {failure.Message.ReplaceLineEndings(" ")}");
                return ExitCodes.BadSettings;
            }
            if (failures.Recognise(failure) is var (store, detail))
            {
                await Console.Error.WriteLineAsync($"{verb}: could not ask {store.Store}: {detail}");
                return ExitCodes.CouldNotAsk;
            }
            await Console.Error.WriteLineAsync($"{verb}: {StoreFailures.LineOf(failure)}");
            return failure switch
            {
                ArgumentsException => ExitCodes.BadSettings,
                OperationCanceledException => ExitCodes.CouldNotAsk,
                _ => ExitCodes.NotDone,
            };
        }
    }

    // Clients of stores end what is cancelled in more ways than one.
    static bool IsCancelled(Exception? failure) =>
        failure is not null && (failure is OperationCanceledException || IsCancelled(failure.InnerException));

    void SetAction(Command command, Func<ParseResult, IReadOnlyList<string>, CancellationToken, Task<int>> action)
    {
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(
            async (parsed, cancellation) =>
            {
                // What is no option of ours must at least look like a setting: a mistyped option is never passed over in silence.
                if (parsed.UnmatchedTokens is [var unknown, ..])
                {
                    await Console.Error.WriteLineAsync(
                        $"{worker}: unknown argument '{unknown}'; settings are given as --Section:Key=value, see --help"
                    );
                    return WorkerHost.BadSettings;
                }
                return await action(parsed, _settings, cancellation);
            }
        );
    }

    static bool IsSetting(string token) =>
        token.StartsWith("--", StringComparison.Ordinal)
        && token.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals
        && token.AsSpan(0, equals).Contains(':');
}
