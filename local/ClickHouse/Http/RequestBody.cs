using System.IO.Compression;
using Betting.Local.ClickHouse.Engine;
using ZstdSharp;

namespace Betting.Local.ClickHouse.Http;

/// <summary>A request's body, decompressed as its Content-Encoding says, read piece by piece.</summary>
sealed class RequestBody : IAsyncDisposable
{
    readonly Stream _stream;

    RequestBody(Stream stream) => _stream = stream;

    public static RequestBody Empty { get; } = new(Stream.Null);

    /// <exception cref="EngineException">UNKNOWN_COMPRESSION_METHOD.</exception>
    public static RequestBody Open(HttpRequest request) =>
        new(
            request.Headers.ContentEncoding.ToString().ToLowerInvariant() switch
            {
                "" or "identity" => request.Body,
                "zstd" => new DecompressionStream(request.Body, leaveOpen: true),
                "gzip" => new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true),
                "deflate" => new ZLibStream(request.Body, CompressionMode.Decompress, leaveOpen: true),
                "br" => new BrotliStream(request.Body, CompressionMode.Decompress, leaveOpen: true),
                var other => throw new EngineException(
                    ErrorCode.UnknownCompressionMethod,
                    $"Unknown compression method in Content-Encoding: {other}. Supported here: zstd, gzip, deflate, br"
                ),
            }
        );

    /// <summary>Fills the buffer, less only at the end.</summary>
    /// <exception cref="EngineException">The body is larger than allowed, or not what its Content-Encoding says.</exception>
    public async Task<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        try
        {
            return await _stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        }
        catch (BadHttpRequestException error) when (error.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new EngineException(ErrorCode.QueryIsTooLarge, "The request's body is larger than this host allows", error);
        }
        catch (Exception error) when (error is InvalidDataException or ZstdException or EndOfStreamException)
        {
            throw new EngineException(ErrorCode.CannotDecompress, $"Cannot decompress the request's body: {error.Message}", error);
        }
    }

    public ValueTask DisposeAsync() => ReferenceEquals(_stream, Stream.Null) ? ValueTask.CompletedTask : _stream.DisposeAsync();
}
