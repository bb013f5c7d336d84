using System.Buffers;
using Betting.Local.ClickHouse.Engine;
using Betting.Local.ClickHouse.Http;

namespace Betting.Local.ClickHouse.Queries;

/// <summary>Runs an INSERT of data: the body goes to the engine chunk by chunk, no faster than it parses them.</summary>
static class InsertRun
{
    const int ChunkBytes = 256 << 10;

    /// <summary>
    /// A client that goes away before its last byte leaves nothing of its last block: a block (about a million rows) is written
    /// when it is complete, and never from a body that broke off.
    /// </summary>
    /// <exception cref="EngineException">The statement, the data or the store failed.</exception>
    public static async Task RunAsync(
        EngineConnection connection,
        QueryRequest request,
        RequestText text,
        Answer answer,
        CancellationToken cancellation
    )
    {
        var format = text.Statement.Format!;
        using var insert = await Task.Run(() => connection.OpenInsert(text.Text.Span, format, request.Parameters), CancellationToken.None);
        if (await AppendAsync(insert, text.FirstRows))
            await CopyAsync(text.Rest, insert, cancellation);

        cancellation.ThrowIfCancellationRequested();
        var statistics = await Task.Run(insert.Finish, CancellationToken.None);
        await answer.WriteWholeAsync(default, statistics);
    }

    static async Task CopyAsync(RequestBody rows, InsertStream insert, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            int length;
            do length = await rows.ReadAsync(buffer, cancellation);
            while (length > 0 && await AppendAsync(insert, buffer.AsMemory(0, length)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    static async Task<bool> AppendAsync(InsertStream insert, ReadOnlyMemory<byte> chunk) =>
        chunk.Length == 0 || await Task.Run(() => insert.Append(chunk.Span), CancellationToken.None);
}
