using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Betting.Contracts.Commands;

/// <summary>
/// SHA-256 of what a command asks for; two commands with one id are a duplicate if their hashes are equal, else a conflict.
/// </summary>
/// <remarks>
/// The canonical form is a line <c>name=value</c> for each field the command has, in the contract's order, each ended by a
/// line feed: kind; ids and money (two decimals) as decimal text; moments as <see cref="CommandTime.Format"/>; free text after
/// its length in UTF-8 bytes and a colon, so that no name can imitate another field. The id is not in it, being what is
/// looked up; nor are version and issuedAt: a publisher that tries again may stamp the moment anew, and means the same.
/// </remarks>
public static class CommandHash
{
    public const int Length = 32;

    // Kind, four numbers and moments, and two texts of at most four bytes a character.
    const int MaxCanonical = 512 + (4 * (CommandContract.MaxName + CommandContract.MaxCategory));

    public static byte[] Of(BetCommand command)
    {
        Span<byte> canonical = stackalloc byte[MaxCanonical];
        return SHA256.HashData(canonical[..Write(command, canonical)]);
    }

    static int Write(BetCommand command, Span<byte> to)
    {
        var content = CommandContent.Of(command);
        var at = Line(to, 0, "kind="u8, CommandContract.TextOf(command.Kind));
        at = Line(to, at, "betId="u8, content.BetId);
        at = Line(to, at, "userId="u8, content.UserId);
        at = Line(to, at, "eventId="u8, content.EventId);
        at = Line(to, at, "amount="u8, content.Amount?.ToString());
        at = Line(to, at, "payout="u8, content.Payout?.ToString());
        at = FreeText(to, at, "name="u8, content.Name);
        at = FreeText(to, at, "category="u8, content.Category);
        at = Line(to, at, "startTime="u8, content.StartTime is { } start ? CommandTime.ToText(start) : null);
        return Line(to, at, "status="u8, content.Status);
    }

    static int Line(Span<byte> to, int at, ReadOnlySpan<byte> name, long? value) =>
        value is { } number ? End(to, Number(to, Name(to, at, name), number)) : at;

    static int Line(Span<byte> to, int at, ReadOnlySpan<byte> name, string? value) =>
        value is null ? at : End(to, Name(to, at, name) is var start ? start + Encoding.UTF8.GetBytes(value, to[start..]) : at);

    static int FreeText(Span<byte> to, int at, ReadOnlySpan<byte> name, string? value)
    {
        if (value is null)
        {
            return at;
        }
        at = Number(to, Name(to, at, name), Encoding.UTF8.GetByteCount(value));
        to[at++] = (byte)':';
        return End(to, at + Encoding.UTF8.GetBytes(value, to[at..]));
    }

    static int Name(Span<byte> to, int at, ReadOnlySpan<byte> name)
    {
        name.CopyTo(to[at..]);
        return at + name.Length;
    }

    static int Number(Span<byte> to, int at, long value)
    {
        var written = Utf8Formatter.TryFormat(value, to[at..], out var length);
        Debug.Assert(written, "the buffer holds the largest command");
        return at + length;
    }

    static int End(Span<byte> to, int at)
    {
        to[at] = (byte)'\n';
        return at + 1;
    }
}
