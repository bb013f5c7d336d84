using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Http;

/// <summary>
/// The header of RowBinaryWithNamesAndTypes: the number of columns, their names, their types, each text with its length in front,
/// numbers as LEB128.
/// </summary>
static class RowBinaryHeader
{
    /// <summary>Its length in bytes.</summary>
    /// <exception cref="EngineException">The bytes are no such header.</exception>
    public static int Measure(ReadOnlySpan<byte> bytes)
    {
        var position = 0;
        var texts = 2 * ReadNumber(bytes, ref position);
        for (; texts > 0; texts--)
        {
            var length = ReadNumber(bytes, ref position);
            position = checked(position + length);
        }

        return position <= bytes.Length ? position : throw Malformed();
    }

    static int ReadNumber(ReadOnlySpan<byte> bytes, ref int position)
    {
        var number = 0;
        for (var shift = 0; shift < 28; shift += 7)
        {
            if (position >= bytes.Length)
                throw Malformed();
            var next = bytes[position++];
            number |= (next & 0x7F) << shift;
            if (next < 0x80)
                return number;
        }

        throw Malformed();
    }

    static EngineException Malformed() => new(ErrorCode.IncorrectData, "The engine's block has no RowBinaryWithNamesAndTypes header");
}
