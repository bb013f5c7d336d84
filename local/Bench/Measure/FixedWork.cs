using System.Security.Cryptography;

namespace Betting.Local.Bench.Measure;

/// <summary>
/// The same piece of work every time, on all cores: hashing and walking through memory. How its time varies within a run is
/// how far the machine itself can be trusted.
/// </summary>
static class FixedWork
{
    const int Rounds = 1000,
        MebiBytes = 8;

    /// <returns>Seconds.</returns>
    public static double Run(TimeProvider clock)
    {
        var started = clock.GetTimestamp();
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            var data = new byte[MebiBytes << 20];
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            for (var round = 0; round < Rounds; round++)
            {
                for (var at = round; at < data.Length; at += 64)
                {
                    data[at]++;
                }
                SHA256.HashData(data.AsSpan(0, 1 << 20), hash);
            }
        });
        return clock.GetElapsedTime(started).TotalSeconds;
    }
}
