using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.Hosting;

/// <summary>
/// Runs one <see cref="IWorkerLoop"/>; a loop that fails or ends by itself stops the worker, so a supervisor can restart it.
/// </summary>
sealed class LoopService<TLoop>(
    TLoop loop,
    Heartbeats heartbeats,
    WorkerExit exit,
    IHostApplicationLifetime lifetime,
    StoreFailures failures,
    ILogger<TLoop> log
) : BackgroundService
    where TLoop : IWorkerLoop
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The first await lets the host finish its start before a loop that never yields takes the thread.
        await Task.Yield();
        heartbeats.Expect(loop.Name);
        try
        {
            await loop.RunAsync(stoppingToken);
            if (!stoppingToken.IsCancellationRequested)
            {
                throw new InvalidOperationException($"{loop.Name} ended although nobody asked it to");
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { }
        // Asked to stop while a store is away: what was not done is left to whoever reads it again, and the stop is in order.
        catch (Exception failure) when (stoppingToken.IsCancellationRequested && failures.Recognise(failure) is not null)
        {
            Log(failure, isAsked: true);
        }
        catch (Exception failure)
        {
            Log(failure, isAsked: false);
            lifetime.StopApplication();
        }
        finally
        {
            heartbeats.Forget(loop.Name);
        }
    }

    void Log(Exception failure, bool isAsked)
    {
        var isSetting = failures.IsSetting(failure);
        var isFirst = isAsked
            ? exit.Code == ExitCodes.Done
            : exit.Fail(
                isSetting ? ExitCodes.BadSettings : ExitCodes.NotDone,
                $"{loop.Name} {(isSetting ? "cannot run" : "failed")}: {Detail(failure)}"
            );
        if (!StoreFailures.Chain(failure).Any(each => failures.Recognise(each) is not null))
        {
            WorkerLog.LoopFailed(log, loop.Name, failure);
            return;
        }
        // A store's answer is an operator's matter: the place in the code says nothing. The loop that failed first has said why the worker
        // ends.
        WorkerLog.StepFailed(log, loop.Name, failure);
        if (isFirst && isAsked)
        {
            WorkerLog.LoopLeft(log, loop.Name, failures.Recognise(failure)!.Value.Store.Store, failures.Recognise(failure)!.Value.Detail);
        }
        else if (isFirst && isSetting)
        {
            WorkerLog.LoopMisconfigured(log, loop.Name, failure.Message.ReplaceLineEndings(" "));
        }
        else if (isFirst)
        {
            WorkerLog.LoopRefused(log, loop.Name, Detail(failure));
        }
    }

    // A worker's own exception says what to do.
    string Detail(Exception failure) =>
        failures.Recognise(failure) is var (store, detail) ? $"{store.Store}: {detail}" : failure.Message.ReplaceLineEndings(" ");
}
