using Betting.Debezium;

namespace Betting.Tests.CdcSink.Recorded;

/// <summary>
/// Several writers share the partitions of a stream: their steps interleave at random, they die between any two and read again
/// from an older offset, partitions change hands while the former owner still writes.
/// </summary>
sealed class Replicas(SinkUnderTest sink, IEnumerable<StreamRecord> records, Random random)
{
    const int Writers = 3;

    public async Task RunAsync()
    {
        var partitions = records
            .GroupBy(record => (record.Topic, record.Partition))
            .Select(group => new Partition([.. group.OrderBy(record => record.Offset)]))
            .ToList();
        var steps = Enumerable
            .Range(0, Writers)
            .Select(writer => WriteAsync([.. partitions.Where((_, at) => at % Writers == writer)], partitions).GetAsyncEnumerator())
            .ToList();
        while (steps.Count > 0)
        {
            var chosen = random.Next(steps.Count);
            if (!await steps[chosen].MoveNextAsync())
            {
                await steps[chosen].DisposeAsync();
                steps.RemoveAt(chosen);
            }
        }
    }

    async IAsyncEnumerable<int> WriteAsync(List<Partition> owned, List<Partition> all)
    {
        while (all.Any(partition => partition.Committed < partition.Records.Count))
        {
            var moves = owned
                .Distinct()
                .Select(partition =>
                    (
                        Partition: partition,
                        From: partition.Committed,
                        To: Math.Min(partition.Records.Count, partition.Committed + random.Next(partition.Records.Count / 4 + 20))
                    )
                )
                .ToList();
            using var batch = sink.Batch(moves.SelectMany(move => move.Partition.Records.GetRange(move.From, move.To - move.From)));
            var outcome = random.NextDouble();
            await sink.InsertChangesAsync(batch);
            yield return 1;
            if (outcome < 0.05)
            {
                continue;
            }
            await sink.Applier.ApplyAsync(batch, Task.CompletedTask, CancellationToken.None);
            yield return 2;
            foreach (var (partition, from, to) in moves)
            {
                // Died before the commit, or the group's offsets were lost as well.
                partition.Committed =
                    outcome < 0.1 ? random.Next(partition.Committed + 1)
                    : outcome < 0.2 ? from
                    : to;
            }
            if (outcome > 0.9)
            {
                // A zombie: the partition has a second reader from here on.
                owned.Add(all[random.Next(all.Count)]);
            }
            yield return 3;
        }
    }

    sealed class Partition(List<StreamRecord> records)
    {
        public List<StreamRecord> Records => records;
        public int Committed { get; set; }
    }
}
