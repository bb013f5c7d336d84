namespace Betting.Connections;

/// <summary>Asks one of several hosts again and again what it is. A host that is silent holds up nobody else's watch.</summary>
/// <param name="look">Asks once.</param>
/// <param name="heard">Called with each answer, and with <see cref="ServerRole.Away"/> where none came in time.</param>
/// <param name="pause">Between an answer and the next question.</param>
/// <param name="clock">Limit and pause.</param>
sealed class HostWatch(HostLook look, Action<ServerAnswer> heard, Func<TimeSpan> pause, TimeProvider clock)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>No answer came in time.</summary>
    public static ServerAnswer Silent { get; } = new(ServerRole.Away, Trouble: $"no answer in {Limit.TotalSeconds:F0} s");

    /// <summary>Runs until <paramref name="stopping"/> is cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        // One that is late goes on: Npgsql ends it in its own time.
        Task<ServerAnswer>? asking = null;
        try
        {
            var (late, isKnown) = (0, false);
            while (true)
            {
                asking ??= Task.Run(look.AskAsync, CancellationToken.None);
                var answer = Silent;
                try
                {
                    answer = await asking.WaitAsync(Limit, clock, stopping);
                    asking = null;
                }
                catch (TimeoutException) { }
                if (answer != Silent)
                {
                    (late, isKnown) = (0, true);
                    heard(answer);
                }
                // Late once is a slow machine. A host of which nothing is known is not waited for a second time.
                else if (++late > 1 || !isKnown)
                {
                    isKnown = true;
                    heard(Silent);
                }
                if (asking is null)
                {
                    await Task.Delay(pause(), clock, stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await (asking ?? Task.CompletedTask);
            await look.DisposeAsync();
        }
    }
}
