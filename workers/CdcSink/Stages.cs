namespace Betting.CdcSink;

/// <summary>Tells how long the steps of a batch take.</summary>
sealed class Stages(CdcSinkMetrics metrics, TimeProvider clock)
{
    /// <summary>Waits for work that has begun just now.</summary>
    public async Task TimeAsync(string stage, Task work)
    {
        var start = clock.GetTimestamp();
        await work;
        metrics.Stage(stage, clock.GetElapsedTime(start));
    }

    /// <inheritdoc cref="TimeAsync(string, Task)"/>
    public async Task<T> TimeAsync<T>(string stage, Task<T> work)
    {
        await TimeAsync(stage, (Task)work);
        return await work;
    }
}
