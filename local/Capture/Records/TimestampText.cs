namespace Betting.Local.Capture.Records;

/// <summary>PostgreSQL's timestamptz text (DateStyle ISO, time zone UTC) as the connector writes it.</summary>
public static class TimestampText
{
    /// <summary>No text is longer than this.</summary>
    public const int MaxLength = 40;

    /// <summary>
    /// <c>2025-11-01 18:00:00.5+00</c> becomes <c>2025-11-01T18:00:00.500000Z</c>; years beyond 9999 get a sign, those before
    /// our era count 1 BC as 0 (<c>-0043-03-15…</c> is 44 BC); <c>infinity</c> and <c>-infinity</c> stay.
    /// </summary>
    /// <returns>Bytes written to <paramref name="into"/>, which has room for <see cref="MaxLength"/>.</returns>
    public static int Write(ReadOnlySpan<byte> text, Span<byte> into)
    {
        int space = text.IndexOf((byte)' ');
        if (space < 0)
        {
            text.CopyTo(into);
            return text.Length;
        }

        var date = text[..space];
        var time = text[(space + 1)..];
        bool beforeOurEra = time.EndsWith(" BC"u8);
        var clock = time[..time.IndexOf((byte)'+')];

        int at = WriteYear(date[..^6], beforeOurEra, into);
        date[^6..].CopyTo(into[at..]);
        at += 6;
        into[at++] = (byte)'T';
        clock.CopyTo(into[at..]);
        at += clock.Length;
        int digits = clock.Length > 8 ? clock.Length - 9 : 0;
        if (digits == 0)
            into[at++] = (byte)'.';
        into.Slice(at, 6 - digits).Fill((byte)'0');
        at += 6 - digits;
        into[at++] = (byte)'Z';
        return at;
    }

    static int WriteYear(ReadOnlySpan<byte> year, bool beforeOurEra, Span<byte> into)
    {
        if (!beforeOurEra && year.Length == 4)
        {
            year.CopyTo(into);
            return 4;
        }
        int value = int.Parse(year, System.Globalization.CultureInfo.InvariantCulture);
        if (beforeOurEra)
            value = 1 - value;
        string format = value > 9999 ? "+0" : "0000";
        value.TryFormat(into, out int written, format, System.Globalization.CultureInfo.InvariantCulture);
        return written;
    }
}
