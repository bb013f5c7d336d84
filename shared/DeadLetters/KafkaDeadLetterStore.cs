using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Betting.Brokers;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.DeadLetters;

/// <summary>How a worker's dead letters tell what they are.</summary>
/// <param name="From">Where the original stood, from the letter's headers.</param>
/// <param name="Reason">Why it was put aside, and the field to blame.</param>
/// <param name="At">When.</param>
public sealed record LetterDescription(string From, string Reason, string Field, string Kind, DateTime At);

/// <summary>
/// A topic of dead letters; one that is not there has none. A topic cannot lose single records, so a letter that is done with gets a
/// marker: a record without a value in the same partition, whose headers name the letter's offset. Markers come after their letters and so
/// outlive them under any retention.
/// </summary>
/// <remarks>Reads without a group: it moves nobody's position, and two readers do not disturb each other.</remarks>
public sealed class KafkaDeadLetterStore : IDeadLetterStore
{
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10),
        MarkLimit = TimeSpan.FromMinutes(1);
    readonly KafkaOptions _kafka;
    readonly string _source,
        _topic;
    readonly Func<Message<byte[]?, byte[]?>, LetterDescription> _describe;
    readonly TimeProvider _clock;
    readonly Func<CancellationToken, Task>? _takeLock;
    readonly KafkaLetterSender _marks;
    readonly KafkaReplaySender _originals;

    /// <param name="kafka">Where the brokers are.</param>
    /// <param name="source">The topic that originals come from and are sent back to.</param>
    /// <param name="topic">The topic of its dead letters.</param>
    /// <param name="describe">Reads a letter's headers.</param>
    /// <param name="clock">Stamps markers.</param>
    /// <param name="name">What the store is called, among several.</param>
    /// <param name="takeLock">Keeps others from ending letters of this topic: <see cref="IDeadLetterStore.LockAsync"/>.</param>
    public KafkaDeadLetterStore(
        KafkaOptions kafka,
        string source,
        string topic,
        Func<Message<byte[]?, byte[]?>, LetterDescription> describe,
        TimeProvider clock,
        string name = "kafka",
        Func<CancellationToken, Task>? takeLock = null
    )
    {
        (_kafka, _source, _topic, _describe, _clock, _takeLock, Name) = (kafka, source, topic, describe, clock, takeLock, name);
        _marks = new KafkaLetterSender(kafka, MarkLimit);
        _originals = new KafkaReplaySender(kafka);
    }

    public string Name { get; }

    public Task LockAsync(CancellationToken cancellation) => _takeLock?.Invoke(cancellation) ?? Task.CompletedTask;

    public async IAsyncEnumerable<StoredLetter> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var consumer = Consumer();
        var partitions = await Task.Run(() => PartitionsAsync(consumer), cancellation);
        var handled = await Task.Run(() => Handled(consumer, partitions, cancellation), cancellation);
        foreach (var record in Records(consumer, partitions, cancellation))
        {
            if (!IsMarker(record) && !handled.Contains((record.Partition.Value, record.Offset.Value)))
            {
                yield return Letter(record);
            }
        }
    }

    public async Task<IReadOnlyList<ReplayAnswer>> SendBackAsync(IReadOnlyList<StoredLetter> letters, CancellationToken cancellation) =>
        await _originals.SendBackAsync(
            letters.Select(letter =>
            {
                _ = Coordinates.TryParse(letter.From, out var place);
                return new KafkaOriginal(
                    place with
                    {
                        Topic = _source,
                    },
                    Content(((ConsumeResult<byte[]?, byte[]?>)letter.Handle).Message),
                    letter.Replays + 1
                );
            }),
            cancellation
        );

    public Task RemoveAsync(IReadOnlyList<StoredLetter> letters, LetterEnd end, CancellationToken cancellation) =>
        Task.WhenAll(
            letters.Select(letter =>
            {
                var record = (ConsumeResult<byte[]?, byte[]?>)letter.Handle;
                LetterHeader[] headers =
                [
                    new(LetterHeaders.Handled, Text(record.Offset.Value)),
                    new(LetterHeaders.HandledHow, end == LetterEnd.Replayed ? "replayed"u8.ToArray() : "dropped"u8.ToArray()),
                    new("dead-letter-handled-at", Encoding.ASCII.GetBytes(_clock.GetUtcNow().ToString("O", CultureInfo.InvariantCulture))),
                ];
                return _marks.MarkAsync(record.TopicPartition, new LetterContent(null, null, headers), cancellation);
            })
        );

    public ValueTask DisposeAsync()
    {
        _marks.Dispose();
        _originals.Dispose();
        return ValueTask.CompletedTask;
    }

    IConsumer<byte[]?, byte[]?> Consumer() => new ConsumerBuilder<byte[]?, byte[]?>(
            _kafka.Consumer(config =>
            {
                config.GroupId = "dead-letters";
                config.ClientId = "dead-letters";
                config.EnableAutoCommit = false;
                config.AllowAutoCreateTopics = false;
                config.AutoOffsetReset = AutoOffsetReset.Earliest;
                config.EnablePartitionEof = true;
            })
        ).SetLogHandler((_, _) => { }).Build();

    // Each partition's first and next offset now, that of open transactions too; what comes later belongs to the next look.
    async Task<List<(TopicPartition Partition, long First, long End)>> PartitionsAsync(IConsumer<byte[]?, byte[]?> consumer)
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var topic = admin.GetMetadata(_topic, Timeout).Topics.Single();
        if (topic.Error.Code == ErrorCode.UnknownTopicOrPart)
        {
            return [];
        }
        if (topic.Error.IsError)
        {
            throw new KafkaException(topic.Error);
        }
        var partitions = topic.Partitions.ConvertAll(partition => new TopicPartition(_topic, partition.PartitionId));
        var firsts = await TopicOffsets.OfAsync(admin, partitions, OffsetSpec.Earliest(), Timeout);
        var ends = await TopicOffsets.OfAsync(admin, partitions, OffsetSpec.Latest(), Timeout);
        if (partitions.Find(partition => !firsts.ContainsKey(partition) || !ends.ContainsKey(partition)) is { } silent)
        {
            throw new KafkaException(new Error(ErrorCode.LeaderNotAvailable, $"{silent} does not say where it ends"));
        }
        return partitions.ConvertAll(partition => (partition, firsts[partition], ends[partition]));
    }

    static HashSet<(int Partition, long Offset)> Handled(
        IConsumer<byte[]?, byte[]?> consumer,
        List<(TopicPartition, long, long)> partitions,
        CancellationToken cancellation
    )
    {
        var handled = new HashSet<(int, long)>();
        foreach (var record in Records(consumer, partitions, cancellation).Where(IsMarker))
        {
            if (
                record.Message.Headers.TryGetLastBytes(LetterHeaders.Handled, out var bytes)
                && long.TryParse(Encoding.ASCII.GetString(bytes), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            )
            {
                handled.Add((record.Partition.Value, offset));
            }
        }
        return handled;
    }

    // An original may have had no value either, such as a tombstone; its letter has no such header.
    static bool IsMarker(ConsumeResult<byte[]?, byte[]?> record) =>
        record.Message.Value is null && record.Message.Headers.Any(header => header.Key == LetterHeaders.Handled);

    static IEnumerable<ConsumeResult<byte[]?, byte[]?>> Records(
        IConsumer<byte[]?, byte[]?> consumer,
        List<(TopicPartition Partition, long First, long End)> partitions,
        CancellationToken cancellation
    )
    {
        foreach (var (partition, first, end) in partitions.Where(partition => partition.End > partition.First))
        {
            consumer.Assign(new TopicPartitionOffset(partition, first));
            for (var next = first; next < end; )
            {
                cancellation.ThrowIfCancellationRequested();
                var record = consumer.Consume(Timeout)
                    ?? throw new KafkaException(new Error(ErrorCode.Local_TimedOut, $"{partition} gives nothing at offset {next}"));
                if (record.IsPartitionEOF)
                {
                    // Transaction markers move the position to the end; a transaction that is not decided stops it, and hides what stands
                    // behind.
                    if (record.Offset < end)
                    {
                        throw new KafkaException(
                            new Error(
                                ErrorCode.Local_Partial,
                                $"{partition} has an open transaction at offset "
                                    + $"{record.Offset.Value}, and letters behind it are not seen yet"
                            )
                        );
                    }
                    break;
                }
                RecordMemory.CutHeaders(record.Message, LetterHeaders.IsWritten);
                next = record.Offset + 1;
                if (record.Offset < end)
                {
                    yield return record;
                }
            }
        }
        consumer.Unassign();
    }

    StoredLetter Letter(ConsumeResult<byte[]?, byte[]?> record)
    {
        var description = _describe(record.Message);
        KeyValuePair<string, string>[] headers =
        [
            .. record.Message.Headers.Select(header => new KeyValuePair<string, string>(
                header.Key,
                header.GetValueBytes() is { } bytes ? Encoding.UTF8.GetString(bytes) : ""
            )),
        ];
        return new StoredLetter
        {
            Id = description.From,
            From = description.From,
            Reason = description.Reason,
            Field = description.Field,
            Kind = description.Kind,
            At = description.At,
            Replays = LetterHeaders.ReplaysOf(headers),
            NotReplayable =
                !Coordinates.TryParse(description.From, out var place) || place.Topic != _source
                    ? $"its headers do not say that it came from {_source}"
                : record.Message.Headers is LeftOutHeaders { WholeCount: var count }
                    ? $"it has {count} headers, and more than {RecordMemory.MaxHeaders} are not read"
                : LetterHeaders.TruncationOf(headers),
            Key = record.Message.Key,
            Body = record.Message.Value,
            Headers = headers,
            Handle = record,
        };
    }

    static LetterContent Content(Message<byte[]?, byte[]?> message) =>
        new(
            LetterContent.Bytes(message.Key),
            LetterContent.Bytes(message.Value),
            [.. message.Headers.Select(header => new LetterHeader(header.Key, LetterContent.Bytes(header.GetValueBytes())))]
        );

    static byte[] Text(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
}
