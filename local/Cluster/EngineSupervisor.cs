using Betting.Local.Engines;

namespace Betting.Local.Cluster;

/// <summary>
/// Keeps the engines running: one that ends is started again with its data and on its port, as a supervisor would. The local Kafka
/// broker keeps records in memory alone, so a new one would lose them unseen: its end is the end of the run.
/// </summary>
sealed class EngineSupervisor : IAsyncDisposable
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    readonly EngineSet _engines;
    readonly Action<string> _say;
    readonly CancellationTokenSource _stopping = new();
    readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Task _supervision;

    public EngineSupervisor(EngineSet engines, Action<string> say)
    {
        (_engines, _say) = (engines, say);
        _supervision = SuperviseAsync();
    }

    /// <summary>Ends, with the reason, when an engine has ended that cannot be started again without loss.</summary>
    public Task<string> Lost => _lost.Task;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _supervision;
        _stopping.Dispose();
    }

    async Task SuperviseAsync()
    {
        (string Name, Func<bool> HasEnded, Func<Task> StartAsync)[] kept =
        [
            ("PostgreSQL", () => _engines.Postgres.HasEnded, _engines.Postgres.StartAsync),
            ("Redis", () => _engines.Redis.HasEnded, _engines.Redis.StartAsync),
            ("RabbitMQ", () => _engines.Rabbit.HasEnded, _engines.Rabbit.StartAsync),
            ("ClickHouse", () => _engines.ClickHouse.HasEnded, _engines.ClickHouse.StartAsync),
        ];
        // Each by itself: one that takes minutes to start does not keep the others down.
        await Task.WhenAll([
            .. kept.Select(engine =>
                EachSecondAsync(async () =>
                {
                    if (engine.HasEnded())
                    {
                        await StartAgainAsync(engine.Name, engine.StartAsync);
                    }
                })
            ),
            EachSecondAsync(() =>
            {
                if (_engines.Kafka is { HasEnded: true })
                {
                    _lost.TrySetResult("the local Kafka broker ended, and with it the records that it kept in memory");
                }
                return Task.CompletedTask;
            }),
        ]);
    }

    async Task EachSecondAsync(Func<Task> look)
    {
        while (!_stopping.IsCancellationRequested)
        {
            await look();
            await Task.Delay(Pause, TimeProvider.System, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task StartAgainAsync(string name, Func<Task> start)
    {
        _say($"{name} ended and is started again");
        try
        {
            await start();
            _say($"{name} is up again");
        }
        catch (Exception failed) when (failed is EngineException or TimeoutException or IOException)
        {
            // It has ended once more, or takes longer than usual: the next look tries again or finds it running.
            _say($"{name} did not start: {failed.Message}");
        }
    }
}
