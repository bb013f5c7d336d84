using System.Globalization;
using System.Security.Cryptography;
using Betting.DeadLetters;

namespace Betting.Ingest.Receive.Frames;

/// <summary>What was left out of a message before the client read it, and how much of <see cref="Messages.HeldBytes"/> it takes.</summary>
/// <param name="Held">Bytes that are counted for it.</param>
/// <param name="WholeBody">Bytes that its body had, where not all of them are left; else null.</param>
/// <param name="Headers">What its dead letter says about the parts that are not whole; empty where all are.</param>
public sealed record ContentCut(long Held, long? WholeBody, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    /// <summary>Of a small message, which is whole and counts nothing.</summary>
    public static readonly ContentCut None = new(0, null, []);

    /// <summary>True where the body is not whole.</summary>
    public bool IsBodyCut => WholeBody is not null;

    // Base64 makes a third more of it; a shortened letter keeps 512 bytes of each of these headers.
    const int KeptHeaderBytes = 360;

    /// <summary>Describes headers that were left out.</summary>
    /// <param name="table">Their bytes as the broker sent them.</param>
    public static IEnumerable<KeyValuePair<string, string>> OfHeaders(ReadOnlySpan<byte> table) =>
        [
            new(LetterHeaders.HeadersSize, Text(table.Length)),
            new(LetterHeaders.HeadersSha256, Convert.ToHexStringLower(SHA256.HashData(table))),
            new(LetterHeaders.HeadersBytes, Convert.ToBase64String(table[..Math.Min(table.Length, KeptHeaderBytes)])),
        ];

    /// <summary>Describes a body of which only the beginning is left.</summary>
    public static IEnumerable<KeyValuePair<string, string>> OfBody(long size, byte[] sha256) =>
        [new(LetterHeaders.Size, Text(size)), new(LetterHeaders.Sha256, Convert.ToHexStringLower(sha256))];

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
