using Betting.Debezium;
using Betting.Local.Bench.Figures;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>Understanding envelopes alone, on one thread: no broker, nothing encoded.</summary>
static class Decoding
{
    public const string Name = "decoding, one core";

    // The stream begins with bets that are placed and none that are settled.
    const int Before = 150_000,
        Records = 50_000;

    public static Figure Measure(BenchRun run)
    {
        var stream = new SourceStream(SinkStage.Users, SinkStage.Events, run.Clock);
        for (var skipped = 0; skipped < Before; skipped++)
        {
            stream.Mixed();
        }
        StreamRecord[] records =
        [
            .. Enumerable
                .Range(0, Records)
                .Select(_ => stream.Mixed())
                .Select((made, at) => new StreamRecord(made.Topic, 0, at, 0, made.Key, made.Value, [])),
        ];
        var decoder = new RecordDecoder(new DecoderOptions());
        var rounds = run.Quick ? 40 : 100;
        for (var warmUp = 0; warmUp < 20; warmUp++)
        {
            Decode(decoder, records);
        }
        var rates = new List<double>();
        for (var repetition = 0; repetition < run.Repetitions; repetition++)
        {
            var started = run.Clock.GetTimestamp();
            for (var round = 0; round < rounds; round++)
            {
                Decode(decoder, records);
            }
            rates.Add((double)rounds * records.Length / run.Clock.GetElapsedTime(started).TotalSeconds);
        }
        return new Figure("cdcsink", Name, new Samples(rates), "envelopes/s")
        {
            Target = Target.AtLeast(1_000_000),
            Note = $"{records.Average(record => record.Value!.Length):F0} bytes an envelope",
        };
    }

    static void Decode(RecordDecoder decoder, StreamRecord[] records)
    {
        foreach (ref readonly var record in records.AsSpan())
        {
            decoder.Decode(record, out var decoded);
            if (decoded.Kind != RecordKind.RowChange)
            {
                throw new InvalidOperationException($"a record of the bench is {decoded.Kind}: {decoded.Reason} {decoded.Field}");
            }
        }
    }
}
