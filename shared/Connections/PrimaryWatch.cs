using Microsoft.Extensions.Logging;

namespace Betting.Connections;

/// <summary>One of several hosts.</summary>
/// <param name="Name">Host and port.</param>
/// <param name="Look">Asks it.</param>
sealed record WatchedHost(string Name, HostLook Look);

/// <summary>
/// Knows which of several hosts is the primary. Each host is looked at by itself, about once a second, so a host that is silent holds up
/// neither sessions with the primary nor the look that finds a promotion. Begins with the first question.
/// </summary>
/// <param name="hosts">In the order of the connection string.</param>
/// <param name="left">Called when a host is not in use any more.</param>
/// <param name="clock">Paces looks and lines.</param>
/// <param name="log">Is told which host is used, and of primaries that are refused.</param>
sealed class PrimaryWatch(IReadOnlyList<WatchedHost> hosts, Action<int> left, TimeProvider clock, ILogger log) : IDisposable
{
    // While there is none, commands wait for it.
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1),
        WhileNone = TimeSpan.FromMilliseconds(250);

    readonly Lock _gate = new();
    readonly ServerAnswer?[] _answers = new ServerAnswer?[hosts.Count];
    readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly CancellationTokenSource _stop = new();
    readonly PrimaryLog _lines = new(clock, log);
    Task? _looks;
    KnownCluster _known;
    int? _current;

    // Cancelled when the host in use changes; without a timer it holds nothing that has to be disposed.
    CancellationTokenSource _reign = new();

    /// <summary>Each host with what it said last, for example <c>a:5432 (no answer in 3 s), b:5432 (standby)</c>.</summary>
    public string Report
    {
        get
        {
            lock (_gate)
            {
                return string.Join(", ", hosts.Zip(_answers, (host, said) => said is { } answer ? $"{host.Name} ({answer})" : host.Name));
            }
        }
    }

    /// <summary>
    /// The host to use and a token that is cancelled when it is not used any more. First calls wait until each host has answered or is
    /// late.
    /// </summary>
    /// <exception cref="NoPrimaryException">No host is the primary.</exception>
    public async ValueTask<(int Host, CancellationToken Left)> PrimaryAsync(CancellationToken cancellation)
    {
        Begin();
        await _first.Task.WaitAsync(cancellation);
        lock (_gate)
        {
            if (_current is { } host)
            {
                return (host, _reign.Token);
            }
        }
        throw new NoPrimaryException(Report);
    }

    /// <summary>Host and port.</summary>
    public string NameOf(int host) => hosts[host].Name;

    /// <summary>A session with a host was opened and asked.</summary>
    /// <exception cref="OlderPrimaryException">The host is the primary of an older timeline.</exception>
    /// <exception cref="NoPrimaryException">It is a standby, or belongs to another cluster.</exception>
    public void Opened(int host, ServerAnswer answer)
    {
        var choice = Learn(host, answer);
        if (choice?.Older.Contains(host) == true)
        {
            throw new OlderPrimaryException(hosts[host].Name, answer.Timeline, choice.Known.Timeline);
        }
        if (answer.Role != ServerRole.Primary || choice?.Foreign.Contains(host) == true)
        {
            throw new NoPrimaryException(Report);
        }
    }

    /// <summary>Ends the looks. One that hangs is not waited for.</summary>
    public void Dispose() => _stop.Cancel();

    void Begin()
    {
        lock (_gate)
        {
            if (_looks is null)
            {
                // The looks outlive whatever is traced here.
                using var flow = ExecutionContext.SuppressFlow();
                _looks = Task.WhenAll(
                    hosts.Select(
                        (host, place) =>
                            Task.Run(() => new HostWatch(host.Look, answer => Learn(place, answer), Pause, clock).RunAsync(_stop.Token))
                    )
                );
            }
        }
    }

    TimeSpan Pause()
    {
        lock (_gate)
        {
            return _current is null ? WhileNone : Every;
        }
    }

    // Null before each host was looked at: the one that answers first may be the former primary.
    PrimaryChoice? Learn(int host, ServerAnswer answer)
    {
        PrimaryChoice choice;
        int? former;
        CancellationTokenSource? over = null;
        lock (_gate)
        {
            _answers[host] = answer;
            if (_answers.Contains(null))
            {
                return null;
            }
            choice = PrimaryChoice.Of([.. _answers.Select(each => each!.Value)], _known, _current);
            (former, _known) = (_current, choice.Known);
            if (choice.Host != former)
            {
                (_current, over, _reign) = (choice.Host, _reign, new CancellationTokenSource());
            }
        }
        _lines.Report(choice, former, place => hosts[place].Name, place => _answers[place]!.Value.Timeline);
        if (over is not null)
        {
            if (former is { } gone)
            {
                left(gone);
            }
            _ = over.CancelAsync();
        }
        _first.TrySetResult();
        return choice;
    }
}
