using Betting.CdcSink;
using Betting.CdcSink.Decode;
using Betting.Debezium;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Betting.Tests.CdcSink.Decode;

public sealed class BatchBuilderTests
{
    static readonly CdcSinkOptions Options = new() { BatchRecords = 40, BatchAge = TimeSpan.FromMilliseconds(100) };

    readonly FakeTimeProvider _clock = new();
    readonly Made _made = new();
    readonly BatchBuilder _builder;

    public BatchBuilderTests() => _builder = new BatchBuilder(new RecordDecoder(Options.Decoding()), Options, null, _clock);

    [Fact]
    public void A_message_that_calls_itself_a_watermark_and_has_no_time_is_a_dead_letter_and_other_prefixes_are_nothing()
    {
        foreach (
            var record in new[]
            {
                _made.Message("now"),
                _made.Message("whatever", "someone-else"),
                _made.Watermark("2026-01-01T00:00:01Z"),
                _made.Message("7", "fence"),
            }
        )
        {
            _builder.Add(record, out _);
        }
        using var batch = _builder.Take()!;

        Assert.Equal((RejectReason.WrongType, "message.content"), (Assert.Single(batch.DeadLetters).Reason, batch.DeadLetters[0].Field));
        Assert.Equal((1, 1), (batch.Rows.Watermarks.Rows, batch.Rows.Fences.Rows));
    }

    [Fact]
    public void A_batch_is_full_by_what_its_dead_letters_hold_in_memory()
    {
        var options = new CdcSinkOptions { BatchBytes = 1 << 20 };
        var builder = new BatchBuilder(new RecordDecoder(options.Decoding()), options, null, _clock);
        // Two bytes each on the wire, and an object each in memory.
        var headers = Enumerable.Repeat(new RecordHeader("", null), 1000).ToArray();
        while (!builder.IsFull)
        {
            builder.Add(_made.Record("bets", "{\"id\":1}", "no JSON") with { Headers = headers }, out _);
        }
        Assert.InRange(builder.Records, 2, 20);
        builder.Take()!.Dispose();
        // The same for records that give neither a row nor a letter.
        for (var message = _made.Message(new string('x', 100_000), "someone-else"); !builder.IsFull; )
        {
            builder.Add(message, out _);
        }
        Assert.InRange(builder.Records, 50, 200);
        builder.Take()!.Dispose();
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(9, 100)]
    [InlineData(10, 300)]
    [InlineData(39, 300)]
    public void A_batch_is_due_by_its_age_and_later_where_it_fills_fast(int records, int milliseconds)
    {
        Add(records);
        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
        Assert.False(_builder.IsDue);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(_builder.IsDue);
        Assert.False(_builder.IsFull);
        using var batch = _builder.Take();
        Assert.Equal(records, batch!.Records);
        Assert.False(_builder.IsDue);
    }

    [Fact]
    public void A_full_batch_is_due_at_once()
    {
        Add(40);
        Assert.True(_builder.IsFull);
        Assert.True(_builder.IsDue);
        _builder.Take()!.Dispose();
    }

    [Fact]
    public void A_batch_that_nobody_hurries_is_due_when_it_is_full_alone()
    {
        var builder = new BatchBuilder(new RecordDecoder(Options.Decoding()), Options.Unhurried(), null, _clock);
        builder.Add(_made.User(1), out _);
        _clock.Advance(TimeSpan.FromDays(1000));
        Assert.False(builder.IsDue);
        builder.Take()!.Dispose();
    }

    void Add(int records)
    {
        for (var id = 1; id <= records; id++)
        {
            _builder.Add(_made.Bet(id, Made.Columns()), out _);
        }
    }
}
