using System.Net.Sockets;

namespace Betting.Brokers;

/// <summary>A connection whose received bytes pass a filter. Sent bytes are not touched.</summary>
/// <param name="socket">Connected; its owner closes it.</param>
/// <param name="inner">The plain bytes of that socket, without TLS.</param>
/// <param name="filter">Of this connection alone.</param>
sealed class FilteredStream(Socket socket, Stream inner, IInboundFilter filter) : NetworkStream(socket)
{
    readonly byte[] _received = new byte[64 * 1024];

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int passed;
        while ((passed = filter.Read(buffer.Span)) == 0 && !buffer.IsEmpty)
        {
            var count = await inner.ReadAsync(_received, cancellationToken);
            if (count == 0)
            {
                return 0;
            }
            filter.Write(_received.AsSpan(0, count));
        }
        return passed;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Not supported: the client reads asynchronously.</summary>
    public override int Read(Span<byte> buffer) => throw new NotSupportedException();

    /// <inheritdoc cref="Read(Span{byte})"/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }
        base.Dispose(disposing);
    }
}
