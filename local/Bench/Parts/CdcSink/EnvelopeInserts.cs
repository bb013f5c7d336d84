using ClickHouse.Driver;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>
/// Envelopes inserted as JSONEachRow into Null tables with <see cref="PlainViews"/>, in blocks as large as those of
/// <see cref="KafkaTables"/>: nothing is consumed.
/// </summary>
static class EnvelopeInserts
{
    /// <returns>Changes a second, after the warm-up.</returns>
    public static async Task<double> RateAsync(
        SinkDatabase database,
        IEnumerable<MadeRecord> warmUp,
        IReadOnlyCollection<MadeRecord> measured,
        TimeProvider clock,
        CancellationToken cancellation
    )
    {
        await PlainViews.CreateAsync(database, _ => "Null", cancellation);
        using var client = new ClickHouseClient(database.ConnectionString);
        await InsertAsync(client, warmUp, cancellation);
        var blocks = Blocks(measured).ToList();
        var started = clock.GetTimestamp();
        foreach (var block in blocks)
        {
            await InsertAsync(client, block, cancellation);
        }
        return measured.Count / clock.GetElapsedTime(started).TotalSeconds;
    }

    static async Task InsertAsync(ClickHouseClient client, IEnumerable<MadeRecord> records, CancellationToken cancellation)
    {
        foreach (var block in Blocks(records))
        {
            await InsertAsync(client, block, cancellation);
        }
    }

    // A block's tables one after the other would leave a core idle: they are inserted side by side.
    static Task InsertAsync(ClickHouseClient client, (string Table, byte[] Lines)[] block, CancellationToken cancellation) =>
        Task.WhenAll(
            block.Select(async part =>
            {
                using var answer = await client.PostStreamAsync(
                    $"INSERT INTO {part.Table} SETTINGS input_format_skip_unknown_fields = 1, input_format_null_as_default = 1 FORMAT "
                        + $"JSONEachRow",
                    new MemoryStream(part.Lines),
                    isCompressed: false,
                    cancellation
                );
            })
        );

    static IEnumerable<(string Table, byte[] Lines)[]> Blocks(IEnumerable<MadeRecord> records) =>
        records
            .Chunk(KafkaTables.Block)
            .Select(chunk =>
                chunk
                    .GroupBy(record => record.Topic)
                    .Select(topic => ("in_" + topic.Key[(topic.Key.LastIndexOf('.') + 1)..], Lines(topic)))
                    .ToArray()
            );

    static byte[] Lines(IEnumerable<MadeRecord> records)
    {
        using var lines = new MemoryStream();
        foreach (var record in records)
        {
            lines.Write(record.Value);
            lines.WriteByte((byte)'\n');
        }
        return lines.ToArray();
    }
}
