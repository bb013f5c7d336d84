using Betting.Debezium;
using Betting.Tests.Fixtures;
using CsCheck;
using Xunit;

namespace Betting.Tests.CdcSink.Model;

/// <summary>The version rule and the order of steps, without any server: what writers leave equals the source, whatever they do.</summary>
public sealed class VersionRuleTests
{
    [Fact]
    public void Crashing_interleaving_writers_end_equal_to_the_source() =>
        Gen.Int.Sample(seed => WhatIsWrong(seed, VersionRule.Right, Protocol.ReadAfterWrite, change => change) is null, iter: 300);

    [Fact]
    public void Recordings_end_the_same_in_any_interleaving_as_in_their_order()
    {
        foreach (
            var scenario in new[] { "churn-3.6", "killed-3.6", "recommended-3.6", "snapshot-in-flight-3.6", "incremental-3.6", "copy-3.6" }
        )
        {
            var partitions = Recorded(scenario);
            var ordered = new JoinModel(VersionRule.Right);
            ordered.Insert(partitions.SelectMany(partition => partition));
            ordered.InsertRows(ordered.Join(ordered.AllBets()));
            for (var seed = 0; seed < 3; seed++)
            {
                var store = new JoinModel(VersionRule.Right);
                new Simulation(new Random(seed), store, Protocol.ReadAfterWrite).Run(partitions);
                Assert.Equal(ordered.Live.OrderBy(row => row.Key.BetId), store.Live.OrderBy(row => row.Key.BetId));
            }
        }
    }

    [Fact]
    public void The_plain_lsn_as_version_is_caught() =>
        AssertCaught(VersionRule.Right, Protocol.ReadAfterWrite, change => change with { Version = new ChangeVersion(change.Version).Lsn });

    [Fact]
    public void Reading_before_writing_is_caught() => AssertCaught(VersionRule.Right, Protocol.ReadBeforeWrite, change => change);

    [Fact]
    public void One_sum_of_three_versions_is_caught() => AssertCaught(VersionRule.OneSum, Protocol.ReadAfterWrite, change => change);

    static void AssertCaught(VersionRule rule, Protocol protocol, Func<Change, Change> mutate) =>
        Assert.Contains(Enumerable.Range(0, 200), seed => WhatIsWrong(seed, rule, protocol, mutate) is not null);

    static string? WhatIsWrong(int seed, VersionRule rule, Protocol protocol, Func<Change, Change> mutate)
    {
        var random = new Random(seed);
        var source = new Source(random);
        var store = new JoinModel(rule);
        new Simulation(random, store, protocol).Run([.. source.Partitions.Values.Select(partition => partition.Select(mutate).ToList())]);
        var rows = store.Live.ToDictionary(row => row.Key, row => row.Row!);
        return source
            .Truth.Select(pair =>
                rows.GetValueOrDefault(pair.Key) == pair.Value
                    ? null
                    : $"{pair.Key} is {rows.GetValueOrDefault(pair.Key)}, not {pair.Value}"
            )
            .FirstOrDefault(wrong => wrong is not null)
            ?? (rows.Count == source.Truth.Count ? null : $"{rows.Count} rows, not {source.Truth.Count}");
    }

    static List<List<Change>> Recorded(string scenario)
    {
        var decoder = new RecordDecoder(new());
        var partitions = new Dictionary<(string, int), List<Change>>();
        foreach (var record in Archive.Read(Recordings.File(scenario)))
        {
            decoder.Decode(record, out var decoded);
            if (decoded.Kind is not (RecordKind.RowChange or RecordKind.Truncate))
            {
                continue;
            }
            if (!partitions.TryGetValue((record.Topic, record.Partition), out var changes))
            {
                partitions[(record.Topic, record.Partition)] = changes = [];
            }
            changes.Add(Modelled(decoded));
        }
        return [.. partitions.Values];
    }

    static Change Modelled(in DecodedRecord decoded)
    {
        var empty = decoded.Operation == Operation.Delete || decoded.Kind == RecordKind.Truncate;
        var bet =
            empty || decoded.Table != SourceTable.Bets
                ? null
                : new Bet(decoded.Bet.UserId, decoded.Bet.EventId, decoded.Bet.PlacedAt, Text(decoded.Bet.Status));
        var name =
            empty || decoded.Table == SourceTable.Bets
                ? null
                : Text(decoded.Table == SourceTable.Users ? decoded.User.Name : decoded.Event.Name);
        return new Change(decoded.Table, decoded.Id, decoded.Version.Value, bet, name, IsTruncate: decoded.Kind == RecordKind.Truncate);
    }

    static string Text(ReadOnlyMemory<byte> utf8) => System.Text.Encoding.UTF8.GetString(utf8.Span);
}
