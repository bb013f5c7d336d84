using System.Text;
using Betting.Ingest.Receive.Kafka;
using Confluent.Kafka;

namespace Betting.Tests.Ingest.Receive.Kafka;

/// <summary>Where a partition begins, and what is lost where it cannot.</summary>
public sealed class PartitionStartTests
{
    static readonly RecordMark Last = new(9, 77);
    static readonly KafkaPlace Place = new("a", 10, Last);

    // committed → wanted, begin: the lesser of group and place, at the last applied record at the latest
    [Theory]
    [InlineData(-1001, 10, 9)]
    [InlineData(10, 10, 9)]
    [InlineData(25, 10, 9)]
    [InlineData(4, 4, 4)]
    public void The_lesser_of_place_and_group_is_read_and_the_last_applied_record_proves_it(long committed, long wanted, long begin)
    {
        var start = PartitionStart.Of(committed, Place, "a");

        Assert.Equal(new PartitionStart(wanted, true, Last, false), start);
        Assert.Equal(begin, start.Begin);
    }

    [Theory]
    [InlineData("b", true)]
    [InlineData("", false)]
    public void Another_id_is_another_topic_and_none_tells_nothing(string id, bool isAnew) =>
        Assert.Equal(
            isAnew ? new PartitionStart(0, false, null, true) : new PartitionStart(10, true, Last, false),
            PartitionStart.Of(10, Place, id)
        );

    [Fact]
    public void Without_a_place_the_group_decides_and_without_both_the_first_record()
    {
        Assert.Equal(new PartitionStart(7, true, null, false), PartitionStart.Of(7, null, "a"));
        Assert.Equal(new PartitionStart(0, false, null, false), PartitionStart.Of(Offset.Unset, null, "a"));
        Assert.Equal(new PartitionStart(0, false, null, false), PartitionStart.Of(Offset.Unset, new KafkaPlace("a", 0, null), "a"));
    }

    // committed, first, end, is another record there → read from, lost
    [Theory]
    [InlineData(10, 10, 30, false, 10, false)]
    [InlineData(4, 6, 30, false, 9, false)]
    [InlineData(10, 12, 30, false, 12, true)]
    [InlineData(10, 0, 5, false, 0, true)]
    [InlineData(10, 0, 30, true, 0, true)]
    [InlineData(-1001, 0, 30, true, 0, false)]
    [InlineData(-1001, 3, 30, true, 3, true)]
    public void What_is_gone_is_lost_unless_it_was_applied_or_the_topic_is_whole(
        long committed,
        long first,
        long end,
        bool isOther,
        long from,
        bool isLost
    )
    {
        var start = PartitionStart.Of(committed, Place, "a");

        var verdict = start.Judge(committed >= 0, first, end, isOther);

        Assert.Equal(from, verdict.From);
        Assert.Equal(isLost ? new LostPlace(start.Wanted, true, first, end, isOther) : null, verdict.Lost);
    }

    [Fact]
    public void A_record_is_known_again_by_its_place_its_time_its_key_and_its_value()
    {
        var mark = RecordMark.Of(Record(1, 1000, "k", "v"));

        Assert.Equal(mark, RecordMark.Of(Record(1, 1000, "k", "v")));
        Assert.Equal(5, Others().Select(RecordMark.Of).Append(mark).Distinct().Count());
    }

    static IEnumerable<ConsumeResult<byte[]?, byte[]>> Others() =>
        [Record(2, 1000, "k", "v"), Record(1, 1001, "k", "v"), Record(1, 1000, null, "kv"), Record(1, 1000, "kv", "")];

    static ConsumeResult<byte[]?, byte[]> Record(long offset, long time, string? key, string value) =>
        new()
        {
            Offset = offset,
            Message = new Message<byte[]?, byte[]>
            {
                Timestamp = new Timestamp(time, TimestampType.CreateTime),
                Key = key is null ? null : Encoding.UTF8.GetBytes(key),
                Value = Encoding.UTF8.GetBytes(value),
            },
        };
}
