namespace Betting.Brokers;

/// <summary>
/// Stands between a broker's bytes and the client that reads them: takes what was received, gives what the client is to see.
/// </summary>
/// <remarks>Called by one reader, never at the same time.</remarks>
public interface IInboundFilter
{
    /// <summary>Takes received bytes; called only after <see cref="Read"/> returned 0.</summary>
    void Write(ReadOnlySpan<byte> received);

    /// <returns>How many bytes were put into <paramref name="destination"/>; 0 where more have to be received first.</returns>
    int Read(Span<byte> destination);
}
