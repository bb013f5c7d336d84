using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Queries;

/// <summary>Bounds the queries that run at a time. The others wait in order of arrival, for as long as the options allow.</summary>
sealed class QueryGate(ServerOptions options, TimeProvider time) : IDisposable
{
    readonly SemaphoreSlim _places = new(options.MaxConcurrent, options.MaxConcurrent);

    /// <summary>A place, to be disposed when the query is over.</summary>
    /// <exception cref="EngineException">TOO_MANY_SIMULTANEOUS_QUERIES: no place came free in time.</exception>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellation)
    {
        if (!await _places.WaitAsync(TimeSpan.Zero, cancellation))
        {
            using var deadline = new CancellationTokenSource(options.QueueTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
            try
            {
                await _places.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new EngineException(
                    ErrorCode.TooManySimultaneousQueries,
                    $"Too many simultaneous queries. Maximum: {options.MaxConcurrent}, waited {options.QueueTimeout.TotalSeconds} s"
                );
            }
        }

        return new Place(_places);
    }

    public void Dispose() => _places.Dispose();

    sealed class Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
