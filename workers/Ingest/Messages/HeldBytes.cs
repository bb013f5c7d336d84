namespace Betting.Ingest.Messages;

/// <summary>Bounds the bytes of large messages that a door holds whole: received, and neither applied nor put aside.</summary>
/// <param name="limit">Bytes; <c>Ingest:HeldBytes</c>.</param>
public sealed class HeldBytes(long limit)
{
    long _held;

    /// <returns>False where it would be more than the limit; then nothing is held.</returns>
    public bool TryHold(long bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= limit)
        {
            return true;
        }
        Interlocked.Add(ref _held, -bytes);
        return false;
    }

    public void Release(long bytes) => Interlocked.Add(ref _held, -bytes);
}
