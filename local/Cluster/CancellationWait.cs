namespace Betting.Local.Cluster;

static class CancellationWait
{
    /// <summary>Completes, without an exception, when the token is cancelled.</summary>
    public static Task AsTask(this CancellationToken cancellation)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cancellation.Register(source.SetResult);
        return source.Task;
    }
}
