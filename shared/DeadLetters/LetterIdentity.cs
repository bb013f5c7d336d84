using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Betting.DeadLetters;

/// <summary>
/// Which letters are copies of one message, as a crash between putting aside and acknowledging leaves them. The body alone does not tell:
/// the content type and the headers decide how a body is read.
/// </summary>
public static class LetterIdentity
{
    // What a letter says about parts that it does not have: two messages may begin alike.
    static readonly HashSet<string> OfTheWhole =
    [
        LetterHeaders.Truncated,
        LetterHeaders.Sha256,
        LetterHeaders.Size,
        LetterHeaders.HeadersSize,
        LetterHeaders.HeadersSha256,
        LetterHeaders.HeadersCount,
        LetterHeaders.Prefix + "key-sha256",
        LetterHeaders.Prefix + "key-size",
    ];

    // RabbitMQ.Client numbers what it publishes with confirms, so copies of one message too.
    const string PublishNumber = "x-dotnet-pub-seq-no";

    /// <summary>
    /// SHA-256 over the key, the body, the properties and the headers of the original, each as the text that its store gives it: different
    /// values must have different texts. Headers that the broker or putting aside adds do not count.
    /// </summary>
    public static byte[] Of(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>> headers)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(key.Span);
        Append(body.Span);
        foreach (var (name, value) in headers.Where(header => Counts(header.Key)).OrderBy(header => header.Key, StringComparer.Ordinal))
        {
            Append(Encoding.UTF8.GetBytes(name));
            Append(Encoding.UTF8.GetBytes(value));
        }
        return hash.GetHashAndReset();

        void Append(ReadOnlySpan<byte> part)
        {
            Span<byte> length = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, part.Length);
            hash.AppendData(length);
            hash.AppendData(part);
        }
    }

    /// <summary>The id of a letter that has no coordinates: 16 hexadecimal digits.</summary>
    public static string IdOf(ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>> headers) =>
        Convert.ToHexStringLower(Of(default, body, headers).AsSpan(0, 8));

    static bool Counts(string name) =>
        OfTheWhole.Contains(name)
        || (!LetterHeaders.IsOurs(name) && !LetterHeaders.IsBrokers(name) && name is not ("CC" or "BCC" or PublishNumber));
}
