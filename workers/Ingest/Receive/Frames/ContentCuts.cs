using Betting.Ingest.Messages;

namespace Betting.Ingest.Receive.Frames;

/// <summary>What was left out of the messages of one connection, until its consumer takes them.</summary>
/// <param name="held">Counts large messages that pass whole.</param>
public sealed class ContentCuts(HeldBytes held)
{
    readonly Lock _gate = new();
    readonly Dictionary<ulong, ContentCut> _cuts = [];
    bool _isClosed;

    /// <returns>True where there is room for so many bytes; the <see cref="ContentCut"/> that is added then has them.</returns>
    public bool TryHold(long bytes) => held.TryHold(bytes);

    public void Add(ulong deliveryTag, ContentCut cut)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                held.Release(cut.Held);
                return;
            }
            _cuts[deliveryTag] = cut;
        }
    }

    /// <summary>Who takes it releases what is held for it.</summary>
    public ContentCut Take(ulong deliveryTag)
    {
        lock (_gate)
        {
            return _cuts.Remove(deliveryTag, out var cut) ? cut : ContentCut.None;
        }
    }

    /// <summary>Releases what is held for messages that nobody took; the connection is over.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            held.Release(_cuts.Values.Sum(cut => cut.Held));
            _cuts.Clear();
        }
    }
}
