namespace Betting.CdcSink.Formats;

/// <summary>Counts as ClickHouse writes them: seven bits a byte, the lowest first, the highest bit where more follow.</summary>
static class Leb128
{
    /// <summary>How many bytes the count takes.</summary>
    public static int Length(int count) =>
        count < 1 << 7 ? 1
        : count < 1 << 14 ? 2
        : count < 1 << 21 ? 3
        : count < 1 << 28 ? 4
        : 5;

    /// <returns>How many bytes were written.</returns>
    public static int Write(Span<byte> into, int count)
    {
        var at = 0;
        for (var rest = (uint)count; ; rest >>= 7)
        {
            if (rest < 0x80)
            {
                into[at] = (byte)rest;
                return at + 1;
            }
            into[at++] = (byte)(rest | 0x80);
        }
    }
}
