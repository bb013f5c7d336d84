using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Decode;
using Betting.CdcSink.Messages;
using Betting.Debezium;

namespace Betting.CdcSink.Write;

/// <summary>
/// Stores a batch that ClickHouse did not take whole in halves, halves of these, and so on, down to one record. A record that is refused
/// alone is kept: it is put aside only when all others are stored, so that a table which refuses everything puts nothing aside.
/// </summary>
/// <param name="whole">The batch.</param>
/// <param name="options">How records are decoded.</param>
/// <param name="inARow">Counts refused records.</param>
/// <param name="clock">For the parts' builders.</param>
/// <param name="tryAsync">Stores a part; its refusal, or null once it is stored.</param>
sealed class BatchParts(
    ChangeBatch whole,
    CdcSinkOptions options,
    RefusedInARow inARow,
    TimeProvider clock,
    Func<ChangeBatch, string, Task<Refusal?>> tryAsync
)
{
    readonly List<(StreamRecord Record, Refusal Refusal)> _refused = [];

    /// <summary>The records that were refused alone.</summary>
    public IReadOnlyList<(StreamRecord Record, Refusal Refusal)> Refused => _refused;

    /// <param name="records">The batch's, each partition's in order.</param>
    /// <exception cref="ClickHouseRefusedException">So many records in a row were refused that it is no record's fault.</exception>
    public async Task StoreAsync(IReadOnlyList<StreamRecord> records)
    {
        var all = new ArraySegment<StreamRecord>([.. records]);
        await (all.Count == 1 ? StorePartAsync(all) : StoreHalvesAsync(all));
    }

    async Task StoreHalvesAsync(ArraySegment<StreamRecord> records)
    {
        var half = records.Count / 2;
        await StorePartAsync(records[..half]);
        await StorePartAsync(records[half..]);
    }

    async Task StorePartAsync(ArraySegment<StreamRecord> records)
    {
        using (var part = Build(records))
        {
            var what = records.Count == 1 ? $"{records[0].Topic} {records[0].Partition}@{records[0].Offset}" : $"{records.Count} records";
            if (await tryAsync(part, what) is not { } refusal)
            {
                inARow.Taken(part);
                return;
            }
            if (records.Count == 1)
            {
                if (!inARow.TryAdd(part))
                {
                    throw ClickHouseRefusedException.Of(refusal.Code, refusal.Cause);
                }
                _refused.Add((records[0], refusal));
                return;
            }
        }
        await StoreHalvesAsync(records);
    }

    ChangeBatch Build(ArraySegment<StreamRecord> records)
    {
        // Their records were counted when they were read.
        var builder = new BatchBuilder(new RecordDecoder(options.Decoding()), options, null, clock)
        {
            IsReplay = whole.IsReplay,
            PartOf = whole,
        };
        foreach (var record in records)
        {
            builder.Add(record, out _);
        }
        return builder.Take()!;
    }
}
