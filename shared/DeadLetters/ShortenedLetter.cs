using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Betting.DeadLetters;

/// <summary>
/// A dead letter that no broker takes whole is written shortened: the first bytes of its body, and headers with the size and the SHA-256
/// of the whole body. The headers that putting aside adds, such as the coordinates of the original, are always kept. A shortened letter
/// cannot be replayed, because the original's bytes are not in it.
/// </summary>
public static class ShortenedLetter
{
    /// <summary>The smallest limit that the headers of a worker fit into.</summary>
    public const int LeastLimit = 4096;

    // A header of the worker's own is short; one that a publisher wrote under such a name is cut to this.
    const int MaxOwnHeader = 512;
    const string TruncatedKey = "key",
        TruncatedHeaders = "headers",
        TruncatedBody = "body";

    // Room for the headers that this class writes, all of them.
    const int DescriptionBytes = 512;

    /// <summary>Cuts a letter to a number of bytes.</summary>
    /// <param name="whole">The letter.</param>
    /// <param name="limit">Bytes of key, body and headers at most; not below <see cref="LeastLimit"/>.</param>
    /// <returns>The letter itself where it is within the limit.</returns>
    public static LetterContent Of(LetterContent whole, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, LeastLimit);
        if (whole.Size <= limit)
        {
            return whole;
        }
        var headers = OwnHeaders(whole);
        // What was left out before it came here stays said; a body that was cut before is described already.
        var cut = PartsOf(headers);
        headers.RemoveAll(header => header.Name == LetterHeaders.Truncated);
        if (!cut.Contains(TruncatedBody))
        {
            Describe(headers, "", whole.Body);
        }
        // Key and foreign headers get a quarter each of what is left, the body gets the rest.
        var left = Math.Max(0, limit - headers.Sum(header => header.Size) - DescriptionBytes);
        var share = left / 4;
        var key = whole.Key;
        if (key is { } bytes && bytes.Length > share)
        {
            Describe(headers, "key-", key);
            key = bytes[..share];
            cut.Add(TruncatedKey);
        }
        left -= key?.Length ?? 0;
        left -= AddForeign(headers, whole, share, cut);
        var body = whole.Body;
        if (body is { } content && content.Length > left)
        {
            body = content[..left];
            cut.Add(TruncatedBody);
        }
        headers.Add(new LetterHeader(LetterHeaders.Truncated, Text(string.Join(',', cut.Distinct()))));
        return new LetterContent(key, body, headers);
    }

    /// <summary>The worker's headers; the last of each name, because a publisher can have written one of that name before.</summary>
    static List<LetterHeader> OwnHeaders(LetterContent whole)
    {
        var own = new Dictionary<string, LetterHeader>(StringComparer.Ordinal);
        foreach (var header in whole.Headers.Where(header => LetterHeaders.IsWritten(header.Name)))
        {
            own[header.Name] = header.Value is { Length: > MaxOwnHeader } value ? header with { Value = value[..MaxOwnHeader] } : header;
        }
        return [.. own.Values];
    }

    static List<string> PartsOf(List<LetterHeader> headers) =>
        [
            .. headers
                .Where(header => header.Name == LetterHeaders.Truncated)
                .SelectMany(header => Encoding.UTF8.GetString((header.Value ?? default).Span).Split(',')),
        ];

    static int AddForeign(List<LetterHeader> headers, LetterContent whole, int share, List<string> cut)
    {
        var added = 0;
        foreach (var header in whole.Headers.Where(header => !LetterHeaders.IsWritten(header.Name)))
        {
            if (added + header.Size > share)
            {
                cut.Add(TruncatedHeaders);
                break;
            }
            headers.Add(header);
            added += header.Size;
        }
        return added;
    }

    static void Describe(List<LetterHeader> headers, string of, ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is { } content)
        {
            headers.Add(
                new LetterHeader($"{LetterHeaders.Prefix}{of}sha256", Text(Convert.ToHexStringLower(SHA256.HashData(content.Span))))
            );
            headers.Add(new LetterHeader($"{LetterHeaders.Prefix}{of}size", Text(content.Length.ToString(CultureInfo.InvariantCulture))));
        }
    }

    static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}
