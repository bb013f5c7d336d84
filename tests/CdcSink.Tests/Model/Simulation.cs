using Betting.CdcSink.Messages;
using Betting.Debezium;

namespace Betting.Tests.CdcSink.Model;

/// <summary>How a writer orders its steps: the protocol, or a mutant that a test must catch.</summary>
enum Protocol
{
    ReadAfterWrite,
    ReadBeforeWrite,
}

/// <summary>
/// Writers over one store of changes and rows. Each step of a batch may be followed by any other writer's; after any of them a
/// writer may die and read again from an older offset; partitions change hands. What to join is the sink's own <see cref="TouchedSet"/>.
/// </summary>
sealed class Simulation(Random random, JoinModel store, Protocol protocol)
{
    const int Writers = 3;

    public void Run(IReadOnlyList<List<Change>> partitions)
    {
        var committed = new int[partitions.Count];
        var writers = Enumerable.Range(0, Writers).Select(writer => Write(writer, partitions, committed).GetEnumerator()).ToList();
        while (writers.Count > 0)
        {
            var chosen = random.Next(writers.Count);
            if (!writers[chosen].MoveNext())
            {
                writers.RemoveAt(chosen);
            }
        }
    }

    IEnumerable<int> Write(int writer, IReadOnlyList<List<Change>> partitions, int[] committed)
    {
        while (Enumerable.Range(0, partitions.Count).Any(at => committed[at] < partitions[at].Count))
        {
            // Now and then a partition of another's: the owner changed, and the former one does not know yet.
            var owned = Enumerable.Range(0, partitions.Count).Where(at => at % Writers == writer || random.Next(20) == 0).ToList();
            var moves = owned
                .Select(at =>
                    (
                        At: at,
                        From: committed[at],
                        To: Math.Min(partitions[at].Count, committed[at] + random.Next(partitions[at].Count / 3 + 6))
                    )
                )
                .ToList();
            var batch = moves.SelectMany(move => partitions[move.At].GetRange(move.From, move.To - move.From)).ToList();
            var touched = Touched(batch);
            if (protocol == Protocol.ReadBeforeWrite)
            {
                var early = store.Join(Bets(touched));
                yield return 0;
                store.Insert(batch);
                yield return 1;
                store.InsertRows(early);
                store.InsertRows(store.Join(touched.Bets).Where(row => !early.Exists(known => known.Key.BetId == row.Key.BetId)));
            }
            else
            {
                store.Insert(random.Next(30) == 0 ? batch.Take(batch.Count / 2) : batch);
                yield return 1;
                if (random.Next(30) == 0)
                {
                    continue;
                }
                store.Insert(batch);
                var rows = store.Join(Bets(touched));
                yield return 2;
                store.InsertRows(random.Next(30) == 0 ? rows.Take(rows.Count / 2) : rows);
                yield return 3;
                store.InsertRows(rows);
            }
            foreach (var (at, from, to) in moves)
            {
                committed[at] =
                    random.Next(60) == 0 ? random.Next(committed[at] + 1)
                    : random.Next(30) == 0 ? from
                    : to;
            }
            yield return 4;
        }
    }

    List<long> Bets(TouchedSet touched) =>
        touched.Bets.Union(touched.Everything ? store.AllBets() : store.BetsOf(touched.Users, touched.Events)).Order().ToList();

    static TouchedSet Touched(List<Change> batch)
    {
        var touched = new TouchedSet();
        foreach (var change in batch)
        {
            touched.Add(
                new DecodedRecord
                {
                    Kind = change.IsTruncate ? RecordKind.Truncate : RecordKind.RowChange,
                    Table = change.Table,
                    Id = change.Id,
                }
            );
        }
        return touched;
    }
}
