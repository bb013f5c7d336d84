using Npgsql;

namespace Betting.Connections;

/// <summary>
/// Sessions with PostgreSQL's primary, from a pool. Where several hosts are named, each has a pool of its own, and the one of the host that
/// is the primary is used: no session waits for a host that is silent.
/// </summary>
public sealed class PostgresSource : IAsyncDisposable, IDisposable
{
    readonly IReadOnlyList<NpgsqlDataSource> _hosts;
    readonly PrimaryWatch? _watch;

    internal PostgresSource(IReadOnlyList<NpgsqlDataSource> hosts, PrimaryWatch? watch) => (_hosts, _watch) = (hosts, watch);

    /// <summary>Each of several hosts with what it said last; null where one is named.</summary>
    public string? Report => _watch?.Report;

    public static implicit operator PostgresSource(NpgsqlDataSource host) => FromNpgsqlDataSource(host);

    /// <summary>One host.</summary>
    public static PostgresSource FromNpgsqlDataSource(NpgsqlDataSource host) => new([host], watch: null);

    /// <summary>An open session with the primary; to be disposed.</summary>
    /// <exception cref="NpgsqlException">
    /// None could be opened; <see cref="NoPrimaryException"/> where none of several hosts is the primary.
    /// </exception>
    public async ValueTask<NpgsqlConnection> OpenConnectionAsync(CancellationToken cancellation = default)
    {
        if (_watch is null)
        {
            return await OpenAsync(_hosts[0], cancellation);
        }
        while (true)
        {
            var (host, left) = await _watch.PrimaryAsync(cancellation);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(left, cancellation);
            try
            {
                return await OpenAsync(_hosts[host], either.Token);
            }
            catch (OperationCanceledException) when (left.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                // The primary is another one by now, or none.
            }
        }
    }

    /// <summary>
    /// A command for one statement, which opens a session with the primary when it is executed; to be executed at once and disposed.
    /// </summary>
    /// <exception cref="NoPrimaryException">None of several hosts is the primary.</exception>
    public async ValueTask<NpgsqlCommand> CreateCommandAsync(string sql, CancellationToken cancellation = default) =>
        (_watch is null ? _hosts[0] : _hosts[(await _watch.PrimaryAsync(cancellation)).Host]).CreateCommand(sql);

    /// <summary>Host and port of the primary, where several hosts are named; null where one is.</summary>
    /// <exception cref="NoPrimaryException">None of several hosts is the primary.</exception>
    public async ValueTask<string?> PrimaryHostAsync(CancellationToken cancellation) =>
        _watch is null ? null : _watch.NameOf((await _watch.PrimaryAsync(cancellation)).Host);

    /// <summary>Ends idle sessions; those in use end when they are given back.</summary>
    public void Clear()
    {
        foreach (var host in _hosts)
        {
            host.Clear();
        }
    }

    // Npgsql may miss a cancellation that comes while it begins to wait for a server's first answer, and waits for its own limit then.
    static async ValueTask<NpgsqlConnection> OpenAsync(NpgsqlDataSource host, CancellationToken cancellation)
    {
        var opening = host.OpenConnectionAsync(cancellation);
        if (opening.IsCompleted)
        {
            return await opening;
        }
        var pending = opening.AsTask();
        try
        {
            return await pending.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            _ = GiveBackAsync(pending);
            throw;
        }
    }

    static async Task GiveBackAsync(Task<NpgsqlConnection> opening)
    {
        try
        {
            await (await opening).DisposeAsync();
        }
        catch (Exception failure)
            when (failure is NpgsqlException or TimeoutException or OperationCanceledException or ObjectDisposedException)
        {
            // Nobody waits for it any more.
        }
    }

    public void Dispose()
    {
        _watch?.Dispose();
        foreach (var host in _hosts)
        {
            host.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _watch?.Dispose();
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }
    }
}
