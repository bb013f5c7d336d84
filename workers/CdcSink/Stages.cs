namespace Betting.CdcSink;

/// <summary>Tells how long the steps of a batch take.</summary>
sealed class Stages(CdcSinkMetrics metrics, TimeProvider clock)
{
    public Task TimeAsync(string stage, Func<Task> work) => TimeAsync(stage, async () =>
        {
            await work();
            return true;
        });

    public async Task<T> TimeAsync<T>(string stage, Func<Task<T>> work)
    {
        var start = clock.GetTimestamp();
        var result = await work();
        metrics.Stage(stage, clock.GetElapsedTime(start));
        return result;
    }
}
