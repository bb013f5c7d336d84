namespace Betting.CdcSink.KafkaTopics;

/// <summary>One partition as the brokers have it.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Partition">Its number.</param>
/// <param name="First">The offset of the oldest record still there.</param>
/// <param name="End">The offset behind the last record.</param>
public readonly record struct StreamEnd(string Topic, int Partition, long First, long End);

/// <summary>What the brokers answered.</summary>
/// <param name="Ends">Of every partition that has a leader and answered.</param>
/// <param name="IsWhole">True where all partitions of all topics are among them.</param>
public sealed record SeenEnds(IReadOnlyList<StreamEnd> Ends, bool IsWhole);
