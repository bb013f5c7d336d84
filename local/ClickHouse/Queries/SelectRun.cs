using Betting.Local.ClickHouse.Engine;
using Betting.Local.ClickHouse.Http;

namespace Betting.Local.ClickHouse.Queries;

/// <summary>
/// Runs a SELECT. Its blocks go out as they come, one held back: so an error in the first block still has a status, a small result
/// has a length and a summary, and no more than two blocks are in memory however slowly the client reads.
/// </summary>
static class SelectRun
{
    /// <exception cref="EngineException">The query failed.</exception>
    public static async Task RunAsync(
        EngineConnection connection,
        QueryRequest request,
        ReadOnlyMemory<byte> text,
        string format,
        Answer answer,
        CancellationToken cancellation
    )
    {
        answer.NameFormat(format);
        if (request.WaitEndOfQuery || !OutputFormat.CanStream(format))
        {
            using var whole = await Task.Run(() => connection.Query(text.Span, format, request.Parameters), CancellationToken.None);
            await answer.WriteWholeAsync(whole.Memory, whole.Statistics);
            return;
        }

        using var stream = await Task.Run(() => connection.OpenResults(text.Span, format, request.Parameters), CancellationToken.None);
        await StreamAsync(stream, OutputFormat.HasHeader(format), answer, cancellation);
    }

    static async Task StreamAsync(ResultStream stream, bool hasHeader, Answer answer, CancellationToken cancellation)
    {
        var next = await Task.Run(stream.Fetch, CancellationToken.None);
        var statistics = next?.Statistics ?? default;
        var repeatedHeader = hasHeader && next is not null ? RowBinaryHeader.Measure(next.GetSpan()) : 0;
        var skip = 0;
        try
        {
            while (next is not null)
            {
                using var block = next;
                next = await Task.Run(stream.Fetch, CancellationToken.None);
                cancellation.ThrowIfCancellationRequested();
                statistics += next?.Statistics ?? default;
                if (next is null && !answer.HasStarted)
                {
                    await answer.WriteWholeAsync(block.Memory, statistics);
                    return;
                }

                await answer.WriteAsync(block.Memory[skip..]);
                skip = repeatedHeader;
            }

            if (answer.HasStarted)
                await answer.CompleteAsync();
            else
                await answer.WriteWholeAsync(default, statistics);
        }
        finally
        {
            next?.Close();
        }
    }
}
