namespace Betting.Ingest.Verbs;

/// <summary>Sends lines in their order, many on the way at once, and says once a second how far it is.</summary>
sealed class Publisher(ICommandTarget target, int rate, TimeProvider clock)
{
    const int MostOnTheWay = 1000;

    /// <returns>How many were confirmed.</returns>
    public async Task<long> RunAsync(Stream input, CancellationToken cancellation)
    {
        var onTheWay = new Queue<Task>(MostOnTheWay);
        var start = clock.GetTimestamp();
        var (sent, confirmed) = (0L, 0L);
        await using var progress = clock.CreateTimer(_ => Tell(Interlocked.Read(ref confirmed), start), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        await foreach (var line in LineReader.ReadAsync(input, cancellation))
        {
            await KeepToRateAsync(sent++, start, cancellation);
            while (onTheWay.Count >= MostOnTheWay || onTheWay.TryPeek(out var oldest) && oldest.IsCompleted)
            {
                await onTheWay.Dequeue();
                Interlocked.Increment(ref confirmed);
            }
            onTheWay.Enqueue(target.SendAsync(line, cancellation));
        }
        while (onTheWay.TryDequeue(out var last))
        {
            await last;
            Interlocked.Increment(ref confirmed);
        }
        return confirmed;
    }

    async Task KeepToRateAsync(long sent, long start, CancellationToken cancellation)
    {
        if (rate > 0 && TimeSpan.FromSeconds((double)sent / rate) - clock.GetElapsedTime(start) is var early && early > TimeSpan.FromMilliseconds(1))
        {
            await Task.Delay(early, clock, cancellation);
        }
    }

    void Tell(long confirmed, long start) =>
        Console.Error.WriteLine($"{confirmed} confirmed, {confirmed / clock.GetElapsedTime(start).TotalSeconds:F0} a second");
}
