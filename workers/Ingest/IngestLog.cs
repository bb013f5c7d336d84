using Microsoft.Extensions.Logging;

namespace Betting.Ingest;

/// <summary>What Ingest says; event ids 100–199.</summary>
static partial class IngestLog
{
    [LoggerMessage(
        102,
        LogLevel.Error,
        "The data of a batch of {Commands} from the {Door} door was refused ({Reason}); it is split until the culprit is alone"
    )]
    public static partial void BatchSplit(ILogger log, string door, int commands, string reason);

    [LoggerMessage(103, LogLevel.Warning, "Dead letter from the {Door} door, {Coordinates}: {Reason}")]
    public static partial void DeadLetter(ILogger log, string door, string coordinates, string reason);

    [LoggerMessage(
        104,
        LogLevel.Warning,
        "The {Door} broker took no dead letters ({Detail}); {Letters} are tried again and nothing is acknowledged"
    )]
    public static partial void DeadLettersNotTaken(ILogger log, string door, int letters, string detail);

    [LoggerMessage(110, LogLevel.Information, "Kafka gave this replica the partitions {Partitions}")]
    public static partial void PartitionsAssigned(ILogger log, string partitions);

    [LoggerMessage(
        111,
        LogLevel.Information,
        "Kafka took the partitions {Partitions} away; what was applied is committed, {Abandoned} records are left to their next owner"
    )]
    public static partial void PartitionsRevoked(ILogger log, string partitions, int abandoned);

    [LoggerMessage(
        190,
        LogLevel.Warning,
        "Lost the partitions {Partitions}: the group went on without this replica, which joins it "
            + "again; another reads them from their last commit"
    )]
    public static partial void PartitionsLost(ILogger log, string partitions);

    [LoggerMessage(112, LogLevel.Warning, "Kafka: {Code} {Reason}")]
    public static partial void KafkaTrouble(ILogger log, string code, string reason);

    [LoggerMessage(
        113,
        LogLevel.Error,
        "{Topic}/{Partition}: {Place} is gone, there are {First} to {End}; this partition is not read on until "
            + "an operator decides (Ingest:LostOffset=earliest reads from {First})"
    )]
    public static partial void OffsetLostStopped(ILogger log, string topic, int partition, string place, long first, long end);

    [LoggerMessage(114, LogLevel.Error, "{Topic}/{Partition}: {Place} is gone, there are {First} to {End}; read from {First}, {Loss}")]
    public static partial void OffsetLostReadAgain(
        ILogger log,
        string topic,
        int partition,
        string place,
        long first,
        long end,
        string loss
    );

    [LoggerMessage(
        185,
        LogLevel.Critical,
        "{Topic}/{Partition} stands: its records at offset {Offset} cannot be unpacked ({Code}). "
            + "The broker took them; nobody can tell which commands they are. "
            + "What is behind them waits until an operator passes over them, see the runbook (IngestCommandsWait)"
    )]
    public static partial void RecordsUnreadable(ILogger log, string topic, int partition, long offset, string code);

    [LoggerMessage(
        174,
        LogLevel.Error,
        "The group {Group} has no offset in any partition of {Topic}, {Journal}. Unless the Kafka door is open "
            + "for the first time, the topic was recreated or the group's offsets expired, and commands that were published and not "
            + "applied may be gone; their publishers have to send them again"
    )]
    public static partial void GroupOffsetsMissing(ILogger log, string group, string topic, string journal);

    [LoggerMessage(
        176,
        LogLevel.Error,
        "{Topic} is another topic than the one that was applied: it was made anew under the same name. "
            + "It is read from its first record. What was published to the former one and not applied is gone; its publishers have to "
            + "send it again"
    )]
    public static partial void TopicRecreated(ILogger log, string topic);

    [LoggerMessage(
        177,
        LogLevel.Information,
        "{Topic}/{Partition}: the group stands at offset {Committed}, and PostgreSQL has what is before {Place}: read from there. "
            + "What comes again is a duplicate"
    )]
    public static partial void PlaceBehindGroup(ILogger log, string topic, int partition, long committed, long place);

    [LoggerMessage(
        178,
        LogLevel.Information,
        "PostgreSQL was started anew, or is another server, or went back: "
            + "the places of the Kafka partitions are read again from it, and what it lost is read again from Kafka"
    )]
    public static partial void PlacesReadAgain(ILogger log);

    [LoggerMessage(
        179,
        LogLevel.Error,
        "PostgreSQL refuses the table kafka_places (SQLSTATE {State}): run Ingest migrate, and look at the rights of the worker's role"
    )]
    public static partial void PlacesRefused(ILogger log, string state);

    [LoggerMessage(
        180,
        LogLevel.Warning,
        "PostgreSQL has no place of partitions that the group has read, which begin at the group's offsets: {Partitions}. "
            + "So it is after an upgrade; after a restore to before the first place, set the group's offsets back to the time of that state"
    )]
    public static partial void NoPlaces(ILogger log, string partitions);

    [LoggerMessage(
        117,
        LogLevel.Warning,
        "An answer could not be sent ({Detail}); the outcomes stand, and who asks again is answered again"
    )]
    public static partial void ReplyNotSent(ILogger log, string detail);

    [LoggerMessage(118, LogLevel.Debug, "A channel to RabbitMQ is lost; what was not acknowledged comes again through the next")]
    public static partial void ChannelLost(ILogger log, Exception failure);

    [LoggerMessage(140, LogLevel.Information, "RabbitMQ delivers {Queue} to this replica; other replicas stand by")]
    public static partial void ActiveConsumer(ILogger log, string queue);

    [LoggerMessage(
        172,
        LogLevel.Warning,
        "The {Depth} commands in {Queue} have not become fewer for {Seconds:F0} s, and this replica "
            + "stands by: another consumer is active and takes nothing (rabbitmqctl list_consumers)"
    )]
    public static partial void QueueStands(ILogger log, string queue, uint depth, double seconds);

    [LoggerMessage(
        175,
        LogLevel.Warning,
        "RabbitMQ has not answered over the consumer's connection for {Seconds:F0} s; another connection takes its place. "
            + "RabbitMQ keeps the commands in hand for the former one until its heartbeat limit, 30 s at most"
    )]
    public static partial void ConsumerSilent(ILogger log, double seconds);

    [LoggerMessage(173, LogLevel.Information, "{Queue} does not stand any more")]
    public static partial void QueueMoves(ILogger log, string queue);

    [LoggerMessage(120, LogLevel.Information, "{Released} parked commands have their outcome now")]
    public static partial void ParkedReleased(ILogger log, long released);

    [LoggerMessage(
        150,
        LogLevel.Error,
        "PostgreSQL refuses the batches of the {Door} door because of its configuration ({Reason}) for {Seconds:F0} s; they are "
            + "retried until it is corrected"
    )]
    public static partial void PostgresMisconfigured(ILogger log, string door, string reason, double seconds);

    [LoggerMessage(
        151,
        LogLevel.Error,
        "A batch of the {Door} door fails for an unknown reason ({Reason}{Alone}) for {Seconds:F0} s; it is retried and nothing is "
            + "put aside"
    )]
    public static partial void PostgresUnknown(ILogger log, string door, string reason, string alone, double seconds, Exception failure);

    [LoggerMessage(
        152,
        LogLevel.Warning,
        "A transaction of {Commands} commands from the {Door} door was too much or failed twice ({Reason}); it is repeated in pieces "
            + "of {Limit}"
    )]
    public static partial void BatchTooMuch(ILogger log, string door, int commands, string reason, int limit);

    [LoggerMessage(
        170,
        LogLevel.Error,
        "PostgreSQL refuses the commands of the {Door} door, {Commands} of one kind in a row ({Reason}), for {Seconds:F0} s; nothing "
            + "more is put aside, and they are retried until PostgreSQL takes them"
    )]
    public static partial void EverythingRefused(ILogger log, string door, int commands, string reason, double seconds);

    [LoggerMessage(
        153,
        LogLevel.Error,
        "{Quarantined} parked commands cannot be released and wait for an operator (Ingest parked list --quarantined), the latest is "
            + "{Example}"
    )]
    public static partial void ParkedQuarantined(ILogger log, long quarantined, string example);

    [LoggerMessage(
        154,
        LogLevel.Error,
        "This machine's clock is {Ahead:+0.0;-0.0} s ahead of PostgreSQL's, more than {Limit:F0} s; outcomes follow PostgreSQL's, "
            + "this machine's logs and metrics are wrong"
    )]
    public static partial void ClockSkewed(ILogger log, double ahead, double limit);

    [LoggerMessage(155, LogLevel.Information, "This machine's clock agrees with PostgreSQL's again ({Ahead:+0.0;-0.0;0.0} s)")]
    public static partial void ClockAgrees(ILogger log, double ahead);

    [LoggerMessage(
        164,
        LogLevel.Error,
        "PostgreSQL's clock jumped by {Jump:+0.0;-0.0} s, and this machine's is {Ahead:+0.0;-0.0} s ahead of it, more than {Limit:F0} "
            + "s; no batch is decided and no parked command rejected until they agree"
    )]
    public static partial void PostgresClockDoubted(ILogger log, double jump, double ahead, double limit);

    [LoggerMessage(165, LogLevel.Information, "PostgreSQL's clock is trusted again; this machine's is {Ahead:+0.0;-0.0;0.0} s ahead of it")]
    public static partial void PostgresClockTrusted(ILogger log, double ahead);

    [LoggerMessage(
        167,
        LogLevel.Error,
        "The RabbitMQ queue {Queue} was deleted, with the messages that it held; somebody deleted it, or a policy with 'expires' did. "
            + "It is made anew where nobody else has made another one"
    )]
    public static partial void QueueDeleted(ILogger log, string queue);

    [LoggerMessage(
        182,
        LogLevel.Error,
        "RabbitMQ cancelled the consumer of {Queue}, which was deleted; the {Messages} messages that this replica holds are nowhere "
            + "else; they are applied, or go to the new queue where this replica stops"
    )]
    public static partial void ConsumerCancelled(ILogger log, string queue, long messages);

    [LoggerMessage(
        183,
        LogLevel.Error,
        "{Messages} messages of a deleted RabbitMQ queue are in this process alone and cannot be sent back yet ({Detail}); tried "
            + "again until the worker ends"
    )]
    public static partial void LastCopiesStay(ILogger log, int messages, string detail);

    [LoggerMessage(
        184,
        LogLevel.Warning,
        "{Messages} messages of a deleted RabbitMQ queue that were not applied before this stop are in the new queue, or dead letters "
            + "where they had been cut"
    )]
    public static partial void LastCopiesReturned(ILogger log, int messages);

    [LoggerMessage(168, LogLevel.Warning, "RabbitMq:ManagementUri: the policies of RabbitMQ's queues cannot be looked at ({Detail})")]
    public static partial void PoliciesNotSeen(ILogger log, string detail);

    [LoggerMessage(
        181,
        LogLevel.Warning,
        "The brokers did not tell the id of topic {Topic}; until this replica is started again it notices by offsets and records "
            + "alone that the topic was made anew"
    )]
    public static partial void TopicNotLookedAt(ILogger log, string topic);

    [LoggerMessage(130, LogLevel.Error, "A message from the {Door} door, {Coordinates}, could not be read; it becomes a dead letter")]
    public static partial void MessageNotRead(ILogger log, string door, string coordinates, Exception failure);

    [LoggerMessage(
        131,
        LogLevel.Warning,
        "The {Door} broker does not take {Letters} dead letters ({Detail}); they are in the table dead_letters"
    )]
    public static partial void DeadLettersInTable(ILogger log, string door, int letters, string detail);

    [LoggerMessage(160, LogLevel.Information, "Followed command {Command} ({Kind}{OfBet}) arrived through the {Door} door, {Coordinates}")]
    public static partial void FollowedArrived(ILogger log, Guid command, string kind, string ofBet, string door, string coordinates);

    [LoggerMessage(161, LogLevel.Information, "Followed command {Command} ({Kind}{OfBet}) has its outcome in PostgreSQL: {Outcome}")]
    public static partial void FollowedDecided(ILogger log, Guid command, string kind, string ofBet, string outcome);

    [LoggerMessage(
        162,
        LogLevel.Information,
        "Followed command {Command} ({Kind}{OfBet}): the journal says {Outcome}, applied at {AppliedAt:u}"
    )]
    public static partial void FollowedInJournal(ILogger log, Guid command, string kind, string ofBet, string outcome, DateTime appliedAt);

    [LoggerMessage(163, LogLevel.Information, "Followed command {Command} is a dead letter of the {Door} door, {Coordinates}")]
    public static partial void FollowedDeadLetter(ILogger log, Guid command, string door, string coordinates);
}
