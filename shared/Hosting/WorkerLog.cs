using Microsoft.Extensions.Logging;

namespace Betting.Hosting;

/// <summary>Life of a worker process; event ids 1–99 of every worker.</summary>
static partial class WorkerLog
{
    [LoggerMessage(1, LogLevel.Information, "{Worker} {Version} started, process {ProcessId}, HTTP at {Url}")]
    public static partial void Started(ILogger log, string worker, string version, int processId, string url);

    [LoggerMessage(2, LogLevel.Information, "{Worker} is asked to stop: finishing the work in hand, at most {DrainSeconds} s")]
    public static partial void Draining(ILogger log, string worker, double drainSeconds);

    [LoggerMessage(3, LogLevel.Information, "{Worker} stopped with exit code {ExitCode}")]
    public static partial void Stopped(ILogger log, string worker, int exitCode);

    [LoggerMessage(4, LogLevel.Critical, "{Loop} failed; the worker ends so that its supervisor can start it again")]
    public static partial void LoopFailed(ILogger log, string loop, Exception failure);

    [LoggerMessage(6, LogLevel.Critical, "{Loop} failed ({Detail}); the worker ends so that its supervisor can start it again")]
    public static partial void LoopRefused(ILogger log, string loop, string detail);

    [LoggerMessage(7, LogLevel.Critical, "{Loop} cannot run ({Detail}); the worker ends, and starting it again changes nothing")]
    public static partial void LoopMisconfigured(ILogger log, string loop, string detail);

    [LoggerMessage(10, LogLevel.Warning, "{Store} does not serve this worker ({Detail}), for {Seconds:F0} s")]
    public static partial void StoreAway(ILogger log, string store, string detail, double seconds);

    [LoggerMessage(11, LogLevel.Information, "{Store} serves this worker again, after {Seconds:F1} s")]
    public static partial void StoreBack(ILogger log, string store, double seconds);

    [LoggerMessage(12, LogLevel.Debug, "A step of {Loop} failed")]
    public static partial void StepFailed(ILogger log, string loop, Exception failure);

    [LoggerMessage(
        13,
        LogLevel.Warning,
        "{Loop} stopped while {Store} does not serve this worker ({Detail}); what was not finished is done again after the next start"
    )]
    public static partial void LoopLeft(ILogger log, string loop, string store, string detail);

    [LoggerMessage(20, LogLevel.Error, "A setting of {Store} breaks a promise of this worker: {Line}")]
    public static partial void SettingBreaksPromise(ILogger log, string store, string line);

    [LoggerMessage(21, LogLevel.Information, "The settings of {Store} keep the promises of this worker again")]
    public static partial void SettingsRight(ILogger log, string store);

    [LoggerMessage(
        24,
        LogLevel.Warning,
        "The settings of {Store} cannot be looked at ({Detail}); whether one of them breaks a promise of this worker is not known"
    )]
    public static partial void SettingsNotSeen(ILogger log, string store, string detail);

    [LoggerMessage(5, LogLevel.Debug, "{Verb} failed")]
    public static partial void VerbFailed(ILogger log, string verb, Exception failure);
}
