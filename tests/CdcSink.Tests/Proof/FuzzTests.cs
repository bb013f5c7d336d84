using System.Globalization;
using System.Text;
using Betting.CdcSink;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.DeadLetters;
using Betting.CdcSink.Decode;
using Betting.CdcSink.Messages;
using Betting.DeadLetters;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Betting.Tests.CdcSink.Proof;

/// <summary>
/// What a stream can hold by accident or malice: every record ends as a row, a dead letter or skipped by a rule, and every row is one that
/// ClickHouse takes.
/// </summary>
public sealed class FuzzTests(Servers servers)
{
    const int InABatch = 2_000;

    [Fact]
    public void Rows_and_dead_letters_and_skipped_by_rule_are_what_was_read()
    {
        var sum = new Tally();
        var inputs = TestSize.Of(100_000, 1_200_000);
        Parallel.For(0, inputs / (10 * InABatch), new ParallelOptions { MaxDegreeOfParallelism = 2 }, seed =>
        {
            using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
            using var metrics = new CdcSinkMetrics(
                services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(),
                new StoresClock(TimeProvider.System)
            );
            var options = new CdcSinkOptions();
            var builder = new BatchBuilder(new RecordDecoder(options.Decoding()), options, metrics, TimeProvider.System);
            var fuzz = new Fuzz(seed);
            for (var batches = 0; batches < 10; batches++)
            {
                var (tally, letters) = (new Tally(), new List<long>());
                for (var input = 0; input < InABatch; input++)
                {
                    var record = fuzz.Next();
                    builder.Add(record, out var decoded);
                    tally.Add(decoded);
                    if (decoded.Kind == RecordKind.Undecodable)
                    {
                        letters.Add(record.Offset);
                    }
                }
                using var batch = builder.Take()!;
                Assert.Equal((tally.Rows, tally.DeadLetters, InABatch), (RowsOf(batch), batch.DeadLetters.Count, tally.All));
                Assert.Equal(letters, batch.DeadLetters.Select(letter => letter.Record.Offset));
                Assert.All(batch.DeadLetters, AssertCanBeWritten);
                lock (sum)
                {
                    sum.Add(tally);
                }
            }
        });

        TestContext.Current.TestOutputHelper!.WriteLine($"{inputs} read = {sum}");
        Assert.Equal(inputs, sum.All);
        // Each happens often enough to be worth the name.
        Assert.All((int[])[sum.Rows, sum.DeadLetters, sum.Skipped], count => Assert.InRange(count, inputs / 20, inputs));
    }

    [Fact]
    public async Task Every_row_that_comes_of_it_is_taken_by_the_engine_and_joined()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var store = new ChangeStore(sink.Client);
        // Twins that keep every row: the changelog itself keeps one of each version.
        foreach (var table in new[] { "user_changes", "event_changes", "bet_changes", "truncations", "fences" })
        {
            await sink.Client.ExecuteNonQueryAsync($"CREATE TABLE all_{table} AS {table} ENGINE = MergeTree ORDER BY tuple()");
        }
        var (sum, batches) = (new Tally(), TestSize.Of(8, 100));
        for (var seed = 1000; seed < 1000 + batches; seed++)
        {
            var fuzz = new Fuzz(seed);
            var records = Enumerable.Range(0, InABatch).Select(_ => fuzz.Next()).ToList();
            using var batch = sink.Batch(records);
            foreach (var (table, rows) in batch.Rows.Tables)
            {
                await store.InsertAsync("all_" + table, rows, CancellationToken.None);
            }
            await store.InsertAsync("all_fences", batch.Rows.Fences, CancellationToken.None);
            sum.Add(new Tally { Rows = RowsOf(batch), DeadLetters = batch.DeadLetters.Count });
            await sink.Applier.ApplyAsync(batch, Task.CompletedTask, CancellationToken.None);
        }
        var kept = await sink.QueryAsync(
            "SELECT (SELECT count() FROM all_user_changes) + (SELECT count() FROM all_event_changes) + "
                + "(SELECT count() FROM all_bet_changes) + (SELECT count() FROM all_truncations) + (SELECT count() FROM all_fences)"
        );

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{sum.Rows} rows of {batches * InABatch} records inserted, {sum.DeadLetters} dead letters"
        );
        Assert.Equal(sum.Rows.ToString(CultureInfo.InvariantCulture), kept[0]);
        Assert.Equal(sum.DeadLetters, sink.DeadLetters.Count);
        // Every value of the views can be read by a client; the changelog has times as they came, also beyond what .NET knows.
        Assert.NotEmpty(await sink.QueryAsync("SELECT * FROM bets_analytics"));
        Assert.NotEqual(["0"], await sink.QueryAsync("SELECT sum(length(toString(tuple(*)))) FROM bet_changes"));
        await sink.QueryAsync("SELECT * FROM bets_as_of_unchecked(moment = '2200-01-01T00:00:00Z')");
    }

    /// <summary>Whole, or within the smallest limit of a topic with all that finds the original.</summary>
    static void AssertCanBeWritten(DeadLetter letter)
    {
        Assert.NotEmpty(letter.Reason);
        var whole = LetterForm.Of(letter);
        var least = ShortenedLetter.Of(whole, ShortenedLetter.LeastLimit);
        Assert.InRange(least.Size, 0, ShortenedLetter.LeastLimit);
        Assert.Equal(
            letter.Record.Offset.ToString(CultureInfo.InvariantCulture),
            Encoding.UTF8.GetString(least.Headers.Last(header => header.Name == "dead-letter.offset").Value!.Value.Span)
        );
        Assert.Equal(whole.Size > ShortenedLetter.LeastLimit, least.Headers.Any(header => header.Name == LetterHeaders.Truncated));
    }

    static int RowsOf(ChangeBatch batch) => batch.Rows.Tables.Sum(each => each.Rows.Rows) + batch.Rows.Fences.Rows;

    sealed class Tally
    {
        public int Rows { get; set; }
        public int DeadLetters { get; set; }
        public int Skipped { get; set; }
        public int All => Rows + DeadLetters + Skipped;

        public void Add(in DecodedRecord decoded)
        {
            switch (decoded.Kind)
            {
                case RecordKind.RowChange or RecordKind.Truncate:
                case RecordKind.Message when decoded.Prefix.Span.SequenceEqual("fence"u8):
                    Rows++;
                    break;
                case RecordKind.Undecodable:
                    DeadLetters++;
                    break;
                case RecordKind.Skipped
                or RecordKind.Tombstone
                or RecordKind.Message
                or RecordKind.Heartbeat
                or RecordKind.TransactionBegin
                or RecordKind.TransactionEnd:
                    Skipped++;
                    break;
            }
        }

        public void Add(Tally other) =>
            (Rows, DeadLetters, Skipped) = (Rows + other.Rows, DeadLetters + other.DeadLetters, Skipped + other.Skipped);

        public override string ToString() => $"{Rows} rows + {DeadLetters} dead letters + {Skipped} skipped by rule";
    }
}
