namespace Betting.Tests.Ingest.Worker;

/// <summary>A thread such as a user interface's, which is busy: each continuation waits before it runs.</summary>
sealed class BusyThread(TimeSpan pause) : SynchronizationContext, IDisposable
{
    readonly SemaphoreSlim _one = new(1);

    public override void Post(SendOrPostCallback continuation, object? state) =>
        _ = Task.Run(async () =>
        {
            await _one.WaitAsync();
            try
            {
                await Task.Delay(pause, TimeProvider.System);
                SetSynchronizationContext(this);
                continuation(state);
            }
            finally
            {
                SetSynchronizationContext(null);
                _one.Release();
            }
        });

    public async Task<T> RunAsync<T>(Func<Task<T>> start)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(
            async _ =>
            {
                try
                {
                    result.SetResult(await start());
                }
                catch (Exception failure)
                {
                    result.SetException(failure);
                }
            },
            null
        );
        return await result.Task.ConfigureAwait(false);
    }

    public void Dispose() => _one.Dispose();
}
