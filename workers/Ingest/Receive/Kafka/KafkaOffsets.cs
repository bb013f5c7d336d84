using System.Net.Sockets;
using Betting.Contracts;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>
/// Where each partition is read from, and what happens when that place is gone: records were deleted before they were applied, others
/// have taken their offsets, or the topic was made anew. Never a silent jump: log, metric and readiness say it, and an option decides.
/// </summary>
/// <remarks>Used on the consumer's thread alone.</remarks>
sealed class KafkaOffsets(LostOffset onLost, KafkaStarts starts, OffsetReport report, IngestMetrics metrics, ILogger log)
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "kafka-offsets";

    const string PlacesUntold = "PostgreSQL does not tell how far the partitions are applied";
    const string PlacesUntaken = "PostgreSQL has not taken the places of the partitions for a minute";

    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    // At each third call of Retry one of the partitions that could not be judged is asked about.
    const int AskAtEach = 3;

    readonly KafkaPlaces _applied = starts.Places;

    readonly Dictionary<TopicPartition, LostPlace> _stopped = [];

    // Partitions that were assigned while Kafka or PostgreSQL did not tell where they begin. What the client reads of them meanwhile is
    // dropped.
    readonly HashSet<TopicPartition> _unknown = [];
    string _untold = "";
    string? _refusal;
    bool _isClosed;

    // Where each partition was told to begin. The client forgets a place from which nothing has been read when partitions are assigned
    // anew.
    readonly Dictionary<TopicPartition, Offset> _begun = [];

    // Partitions of which no record has come that proves that their place is the same.
    readonly Dictionary<TopicPartition, PartitionStart> _unproven = [];

    // Beginnings that the broker did not have, of which it has not told yet what it has; true where it has another record there.
    readonly Dictionary<TopicPartition, bool> _undecided = [];
    int _retries;

    // How far each partition of this replica is applied.
    readonly Dictionary<TopicPartition, KafkaPlace> _places = [];

    // Losses that the metric has. Each assignment and each restart of PostgreSQL meets them again.
    readonly HashSet<(TopicPartition Partition, long Wanted, long First)> _counted = [];

    // Grows whenever a partition begins somewhere. What was gathered before says nothing about the place after it.
    int _generation;
    readonly Dictionary<TopicPartition, int> _begunIn = [];

    /// <summary>To be kept with records when they are gathered. See <see cref="Applied"/>.</summary>
    public int Generation => _generation;

    /// <summary>See <see cref="KafkaPlaces.IsBehind"/>: what is in hand may depend on what PostgreSQL has lost.</summary>
    public bool IsBehind => _applied.IsBehind;

    /// <summary>See <see cref="KafkaPlaces.Server"/>.</summary>
    public string? Server => _applied.Server;

    /// <summary>
    /// The topic was made anew, or PostgreSQL went back, while it was read: <see cref="BeginAnew"/>, when nothing is in hand.
    /// </summary>
    public bool IsStale { get; private set; }

    /// <summary>
    /// Behind what is applied; where nobody knows of it at 0, which the broker refuses where the topic does not have its first records any
    /// more (<see cref="Lost"/>). Never throws: an assignment that fails leaves the replica without partitions.
    /// </summary>
    public List<TopicPartitionOffset> Begin(IConsumer<byte[]?, byte[]> consumer, List<TopicPartition> partitions)
    {
        Forget(partitions);
        if (partitions.Count == 0 || _isClosed)
        {
            return [];
        }
        try
        {
            return Noted(Starts(consumer, partitions));
        }
        catch (Exception untold) when (IsUntold(untold))
        {
            _unknown.UnionWith(partitions);
            Report();
            return partitions.ConvertAll(partition => new TopicPartitionOffset(partition, Offset.Stored));
        }
    }

    public void Forget(IReadOnlyCollection<TopicPartition> partitions)
    {
        _applied.Forget(partitions);
        foreach (var partition in partitions)
        {
            _stopped.Remove(partition);
            _undecided.Remove(partition);
            _unknown.Remove(partition);
            _begun.Remove(partition);
            _unproven.Remove(partition);
            _places.Remove(partition);
        }
        Report();
    }

    /// <summary>Before partitions go to another replica: what is applied is written, as far as the time allows.</summary>
    public void GiveUp(TimeSpan limit) => _applied.Finish(limit);

    /// <summary>Before the consumer is closed, which may still be given partitions then: nothing is asked about them.</summary>
    public void Close()
    {
        _isClosed = true;
        starts.Dispose();
    }

    /// <summary>Everything before an offset is applied or put aside, durably.</summary>
    /// <param name="partition">Which partition.</param>
    /// <param name="next">That offset.</param>
    /// <param name="last">The last record before it; null where only the end moved.</param>
    /// <param name="generation">When they were gathered.</param>
    public void Applied(TopicPartition partition, long next, RecordMark? last, int generation)
    {
        var isProven = _unproven.GetValueOrDefault(partition).Witness is null;
        if (isProven && _places.TryGetValue(partition, out var before) && generation >= _begunIn.GetValueOrDefault(partition))
        {
            _applied.Note(partition, _places[partition] = before with { Next = next, Last = last ?? before.Last });
        }
    }

    /// <summary>False for what is to be dropped: of a partition that stands, or a record that was applied before.</summary>
    public bool Takes(IConsumer<byte[]?, byte[]> consumer, ConsumeResult<byte[]?, byte[]> record)
    {
        var partition = record.TopicPartition;
        if (!IsRead(partition))
        {
            return false;
        }
        if (_unproven.Count == 0 || !_unproven.TryGetValue(partition, out var start) || record.Offset.Value < start.Witness?.Offset)
        {
            return true;
        }
        if (start.Witness is { } witness && RecordMark.Of(record) != witness)
        {
            Lost(consumer, partition, isOther: true);
            return false;
        }
        _unproven.Remove(partition);
        return record.Offset.Value >= start.Wanted;
    }

    /// <summary>False while what comes of a partition, its end included, says nothing about how far it is applied.</summary>
    public bool IsRead(TopicPartition partition) =>
        !IsStale && !_unknown.Contains(partition) && !_stopped.ContainsKey(partition) && !_undecided.ContainsKey(partition);

    /// <summary>True where its end may be committed: it is read, and what was read is proven.</summary>
    public bool IsProven(TopicPartition partition) => IsRead(partition) && _unproven.GetValueOrDefault(partition).Witness is null;

    /// <summary>Those that may be read on.</summary>
    public IEnumerable<TopicPartition> Resumable(IConsumer<byte[]?, byte[]> consumer) =>
        consumer.Assignment.Where(partition => !_stopped.ContainsKey(partition));

    /// <summary>The broker does not have the offset that this partition is to be read from, or has another record there.</summary>
    public void Lost(IConsumer<byte[]?, byte[]> consumer, TopicPartition partition, bool isOther = false)
    {
        if (_unknown.Contains(partition) || _stopped.ContainsKey(partition) || !consumer.Assignment.Contains(partition))
        {
            // It begins when its place is known; or it stands, and the client tells once more what it has told; or another replica has it.
            return;
        }
        try
        {
            Decide(consumer, partition, isOther);
            _undecided.Remove(partition);
        }
        catch (KafkaException unanswered)
        {
            // Decided when the broker answers; the partition stands until then.
            _undecided[partition] = isOther;
            IngestLog.KafkaTrouble(log, unanswered.Error.Code.ToString(), unanswered.Error.Reason);
        }
    }

    /// <summary>Writes places, and decides on partitions of which could not be asked before; called about once a second.</summary>
    public void Retry(IConsumer<byte[]?, byte[]> consumer)
    {
        // A partition of which nothing is known begins anew by itself.
        IsStale |= _unknown.Count == 0 && (_applied.IsBehind | starts.IsReplaced(consumer));
        _applied.Begin();
        if (_unknown.Count > 0)
        {
            BeginUnknown(consumer);
        }
        if (_undecided.Count > 0 && ++_retries % AskAtEach == 0)
        {
            // In turn: one that cannot be judged must not keep the others waiting. A leader that is silent takes as long as the patience
            // is.
            var (partition, isOther) = _undecided.ElementAt(_retries / AskAtEach % _undecided.Count);
            Lost(consumer, partition, isOther);
        }
        Report();
    }

    /// <summary>
    /// All partitions from their places, or from the first record of the topic that has taken the place of the one that was read.
    /// </summary>
    public void BeginAnew(IConsumer<byte[]?, byte[]> consumer)
    {
        IsStale = false;
        if (IsBehind)
        {
            IngestLog.PlacesReadAgain(log);
        }
        var partitions = consumer.Assignment;
        if (partitions.Count > 0)
        {
            consumer.Assign(Begin(consumer, partitions));
            consumer.Resume(partitions);
        }
    }

    List<TopicPartitionOffset> Starts(IConsumer<byte[]?, byte[]> consumer, List<TopicPartition> partitions)
    {
        var found = starts.Find(consumer, partitions);
        _generation++;
        foreach (var (partition, start) in found)
        {
            _unproven[partition] = start;
            _begunIn[partition] = _generation;
            _places[partition] = new KafkaPlace(starts.TopicId, start.Wanted, start.Witness);
            if (start.Witness is null)
            {
                _applied.Note(partition, _places[partition]);
            }
        }
        return partitions.ConvertAll(partition => new TopicPartitionOffset(partition, found[partition].Begin));
    }

    void BeginUnknown(IConsumer<byte[]?, byte[]> consumer)
    {
        try
        {
            var begun = Starts(consumer, [.. _unknown]).ToDictionary(start => start.TopicPartition, start => start.Offset);
            consumer.Assign(
                Noted(
                    consumer.Assignment.ConvertAll(each => new TopicPartitionOffset(
                        each,
                        begun.GetValueOrDefault(each, Where(consumer, each))
                    ))
                )
            );
            _unknown.Clear();
        }
        catch (Exception untold) when (IsUntold(untold))
        {
            // Readiness says it; asked again in a second.
        }
    }

    bool IsUntold(Exception untold)
    {
        _refusal = untold is PostgresException wrong && PlaceTable.IsConfiguration(wrong) ? wrong.SqlState : null;
        _untold = untold switch
        {
            KafkaException => "the broker does not tell the group's offsets",
            PostgresException refused => $"{PlacesUntold} ({refused.SqlState})",
            NpgsqlException or SocketException or TimeoutException or OperationCanceledException => PlacesUntold,
            _ => "",
        };
        if (untold is KafkaException unanswered && _unknown.Count == 0)
        {
            IngestLog.KafkaTrouble(log, unanswered.Error.Code.ToString(), unanswered.Error.Reason);
        }
        return _untold.Length > 0;
    }

    void Decide(IConsumer<byte[]?, byte[]> consumer, TopicPartition partition, bool isOther)
    {
        var committed = consumer.Committed([partition], Timeout).Single().Offset;
        var watermarks = consumer.QueryWatermarkOffsets(partition, Timeout);
        var (first, end) = (watermarks.Low.Value, watermarks.High.Value);
        var isUnproven = _unproven.TryGetValue(partition, out var start);
        // An answer to what was asked before the partition was told to begin at its first record says nothing new.
        var position = consumer.Position(partition);
        if (!isOther && position.IsSpecial && start.Witness is null && _begun.GetValueOrDefault(partition, Offset.Unset) == first)
        {
            ReadFrom(consumer, partition, first);
            return;
        }
        var verdict = isUnproven
            ? start.Judge(!committed.IsSpecial, first, end, isOther)
            : new Verdict(first, LostPlace.Of(committed, position, first, end), false);
        if (verdict.IsAnew)
        {
            starts.TellAnew();
        }
        if (verdict.Lost is not { } lost)
        {
            var isStillUnproven = isUnproven && !isOther && start.Witness?.Offset == verdict.From;
            ReadFrom(consumer, partition, verdict.From, isStillUnproven ? start with { Wanted = verdict.From + 1 } : null);
            return;
        }
        if (_counted.Add((partition, lost.Wanted, first)))
        {
            metrics.OffsetLost(lost.Lost);
        }
        if (onLost == LostOffset.Earliest)
        {
            IngestLog.OffsetLostReadAgain(log, Topics.Commands, partition.Partition.Value, lost.Place, first, end, lost.Loss);
            ReadFrom(consumer, partition, first);
            return;
        }
        consumer.Pause([partition]);
        _stopped[partition] = lost;
        report.IsNews();
        Report();
    }

    // Not a seek, which a partition that stands at an error does not follow: the same partitions anew, each where it is.
    void ReadFrom(IConsumer<byte[]?, byte[]> consumer, TopicPartition partition, long offset, PartitionStart? unproven = null)
    {
        _begunIn[partition] = ++_generation;
        if (unproven is { } still)
        {
            _unproven[partition] = still;
        }
        else
        {
            _unproven.Remove(partition);
            _applied.Note(partition, _places[partition] = new KafkaPlace(starts.TopicId, offset, null));
        }
        consumer.Assign(
            Noted(
                consumer.Assignment.ConvertAll(each => new TopicPartitionOffset(each, each == partition ? offset : Where(consumer, each)))
            )
        );
    }

    // Behind the last record that was read; where none was, the place that was assigned last, or behind what is committed.
    Offset Where(IConsumer<byte[]?, byte[]> consumer, TopicPartition partition) =>
        consumer.Position(partition) is { IsSpecial: false } position ? position : _begun.GetValueOrDefault(partition, Offset.Stored);

    List<TopicPartitionOffset> Noted(List<TopicPartitionOffset> assigned)
    {
        foreach (var each in assigned.Where(each => !each.Offset.IsSpecial))
        {
            _begun[each.TopicPartition] = each.Offset;
        }
        return assigned;
    }

    void Report()
    {
        var (untold, refused) =
            _unknown.Count > 0
                ? (_untold, _refusal)
                : (
                    _undecided.Count > 0 ? "the broker does not tell the topic's ends"
                    : _applied.IsLate ? PlacesUntaken
                    : "",
                    _applied.Refused
                );
        report.Report(_stopped, untold, refused);
    }
}
