namespace Betting.Ingest.Verbs;

/// <summary>What became of a file of commands.</summary>
/// <param name="Confirmed">Commands before <paramref name="First"/>, all of which are confirmed.</param>
/// <param name="First">The first line that was not confirmed; null where all were.</param>
/// <param name="Behind">Confirmed commands behind it, which were on the way already.</param>
/// <param name="IsInterrupted">True where it was asked to stop before the end of the file.</param>
sealed record Published(long Confirmed, UnconfirmedLine? First, long Behind, bool IsInterrupted);

/// <summary>A line that the broker did not confirm.</summary>
/// <param name="Number">Counted from 1, empty lines as well.</param>
/// <param name="Failure">What its send ended with.</param>
sealed record UnconfirmedLine(long Number, Exception Failure);

/// <summary>Sends lines in their order, many on the way at once, and says once a second how far it is.</summary>
sealed class Publisher(ICommandTarget target, int rate, TimeProvider clock)
{
    const int MostOnTheWay = 1000;

    readonly Queue<(long Number, Task Send)> _onTheWay = new(MostOnTheWay);
    UnconfirmedLine? _first;
    long _confirmed,
        _behind;
    bool _isInterrupted;

    /// <summary>
    /// Sends all lines, or stops at the first one that is not confirmed, or when it is asked to. What is on the way by then is waited for.
    /// </summary>
    public async Task<Published> RunAsync(Stream input, CancellationToken cancellation)
    {
        var start = clock.GetTimestamp();
        await using var progress = clock.CreateTimer(
            _ => ReportProgress(Interlocked.Read(ref _confirmed), start),
            null,
            TimeSpan.FromSeconds(1),
            TimeSpan.FromSeconds(1)
        );
        try
        {
            await SendAllAsync(input, start, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _isInterrupted = true;
        }
        while (_onTheWay.Count > 0)
        {
            await TakeAsync();
        }
        return new Published(_confirmed, _first, _behind, _isInterrupted);
    }

    async Task SendAllAsync(Stream input, long start, CancellationToken cancellation)
    {
        var sent = 0L;
        await foreach (var line in LineReader.ReadAsync(input, cancellation))
        {
            cancellation.ThrowIfCancellationRequested();
            await KeepToRateAsync(sent++, start, cancellation);
            while (_onTheWay.Count >= MostOnTheWay || _onTheWay.TryPeek(out var oldest) && oldest.Send.IsCompleted)
            {
                await TakeAsync();
            }
            if (_first is not null)
            {
                break;
            }
            var send = SendAsync(line.Bytes);
            _onTheWay.Enqueue((line.Number, send));
            if (send.IsFaulted)
            {
                break;
            }
        }
    }

    // A client may refuse a message before it has a task for it. What was sent is not cancelled: the broker may have it, and its own limit
    // ends the wait.
    async Task SendAsync(byte[] line) => await target.SendAsync(line, CancellationToken.None);

    async Task TakeAsync()
    {
        var (number, send) = _onTheWay.Dequeue();
        try
        {
            await send;
        }
        catch (Exception failure)
        {
            _first ??= new UnconfirmedLine(number, failure);
            return;
        }
        if (_first is null)
        {
            Interlocked.Increment(ref _confirmed);
        }
        else
        {
            _behind++;
        }
    }

    async Task KeepToRateAsync(long sent, long start, CancellationToken cancellation)
    {
        if (
            rate > 0
            && TimeSpan.FromSeconds((double)sent / rate) - clock.GetElapsedTime(start) is var early
            && early > TimeSpan.FromMilliseconds(1)
        )
        {
            await Task.Delay(early, clock, cancellation);
        }
    }

    void ReportProgress(long confirmed, long start) =>
        Console.Error.WriteLine($"{confirmed} confirmed, {confirmed / clock.GetElapsedTime(start).TotalSeconds:F0} a second");
}
