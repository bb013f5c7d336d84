namespace Betting.CdcSink.Formats;

/// <summary>Where a text lies in its arena; the default is the empty one.</summary>
readonly record struct Text(int Start, int Length);

/// <summary>
/// Texts one behind the other in one pooled array. States that hold no references cost the garbage collector nothing, however many
/// there are; a hundred thousand names as objects cost it more than everything else together.
/// </summary>
sealed class TextArena : IDisposable
{
    const int First = 1 << 16;

    byte[] _bytes = [];
    int _length;

    public ReadOnlySpan<byte> this[Text text] => _bytes.AsSpan(text.Start, text.Length);

    public Text Keep(ReadOnlySpan<byte> text)
    {
        if (_bytes.Length - _length < text.Length)
        {
            Enlarge(_length + text.Length);
        }
        text.CopyTo(_bytes.AsSpan(_length));
        var kept = new Text(_length, text.Length);
        _length += text.Length;
        return kept;
    }

    public void Dispose()
    {
        Pooled.Arrays<byte>.Pool.Return(_bytes);
        (_bytes, _length) = ([], 0);
    }

    void Enlarge(int least)
    {
        var larger = Pooled.Arrays<byte>.Pool.Rent(Math.Max(Math.Max(First, least), _bytes.Length * 2));
        _bytes.AsSpan(0, _length).CopyTo(larger);
        Pooled.Arrays<byte>.Pool.Return(_bytes);
        _bytes = larger;
    }
}
