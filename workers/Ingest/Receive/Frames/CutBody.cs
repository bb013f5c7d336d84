using System.Security.Cryptography;

namespace Betting.Ingest.Receive.Frames;

/// <summary>A body that does not pass: its first bytes and its SHA-256 are kept.</summary>
/// <param name="deliveryTag">The number of its message.</param>
/// <param name="size">Bytes of the whole body.</param>
/// <param name="kept">Bytes that are kept of it; not more than it has.</param>
/// <param name="headers">What is known about the message without its body.</param>
sealed class CutBody(ulong deliveryTag, long size, int kept, IReadOnlyList<KeyValuePair<string, string>> headers) : IDisposable
{
    readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    readonly byte[] _kept = new byte[kept];
    long _seen;

    public ulong DeliveryTag => deliveryTag;

    public long Size => size;

    public IReadOnlyList<KeyValuePair<string, string>> Headers => headers;

    public ReadOnlySpan<byte> Kept => _kept;

    /// <summary>True once all of it was added.</summary>
    public bool IsComplete => _seen >= size;

    public void Add(ReadOnlySpan<byte> part)
    {
        _hash.AppendData(part);
        if (_seen < _kept.Length)
        {
            part[..(int)Math.Min(part.Length, _kept.Length - _seen)].CopyTo(_kept.AsSpan((int)_seen));
        }
        _seen += part.Length;
    }

    public byte[] Sha256() => _hash.GetHashAndReset();

    public void Dispose() => _hash.Dispose();
}
