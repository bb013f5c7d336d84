using System.IO.Compression;
using ZstdSharp;

namespace Betting.Local.ClickHouse.Http;

/// <summary>The compression of an answer: only for who asks for it, in ClickHouse's order of preference.</summary>
static class ResponseEncoding
{
    const int ZstdLevel = 1;
    static readonly string[] Preferred = ["zstd", "br", "gzip", "deflate"];

    /// <summary>The Content-Encoding to use, or null for none.</summary>
    public static string? Choose(HttpRequest request)
    {
        var accepted = request
            .Headers.AcceptEncoding.ToString()
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(each => each.Split(';')[0].Trim());
        return Preferred.FirstOrDefault(accepted.ToHashSet(StringComparer.OrdinalIgnoreCase).Contains);
    }

    /// <summary>A stream that compresses into the answer's body; disposing it ends the compression and leaves the body open.</summary>
    public static Stream Open(string encoding, Stream body) =>
        encoding switch
        {
            "zstd" => new CompressionStream(body, ZstdLevel, leaveOpen: true),
            "br" => new BrotliStream(body, CompressionLevel.Fastest, leaveOpen: true),
            "gzip" => new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(body, CompressionLevel.Fastest, leaveOpen: true),
            _ => throw new ArgumentOutOfRangeException(nameof(encoding), encoding, "No encoding of this host"),
        };
}
