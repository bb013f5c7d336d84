namespace Betting.CdcSink.Join;

/// <summary>Texts of which there are few, such as statuses: each is kept once. For any number of threads.</summary>
sealed class KnownTexts
{
    // Beyond so many, looking one up costs more than another copy.
    const int Most = 32;

    // Never changed, only replaced; of two that are added at once one is forgotten, which costs a copy.
    volatile byte[][] _known = [];

    public byte[] Of(ReadOnlySpan<byte> text)
    {
        var all = _known;
        foreach (var known in all)
        {
            if (text.SequenceEqual(known))
            {
                return known;
            }
        }
        var added = text.ToArray();
        if (all.Length < Most)
        {
            _known = [.. all, added];
        }
        return added;
    }
}
