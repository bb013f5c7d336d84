using Betting.Debezium;

namespace Betting.CdcSink.Batches;

/// <summary>A record that cannot be used, with a <see cref="RejectReason"/> and, where one is to blame, its field.</summary>
public sealed record DeadLetter(StreamRecord Record, string Reason, string? Field);
