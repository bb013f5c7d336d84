using Betting.Debezium;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink;

/// <summary>What the sink says; event ids 300–399.</summary>
static partial class CdcSinkLog
{
    [LoggerMessage(300, LogLevel.Information, "Assigned {Partitions}")]
    public static partial void Assigned(ILogger log, string partitions);

    [LoggerMessage(301, LogLevel.Information, "Gave back {Partitions}; batches in hand finished: {Finished}")]
    public static partial void Revoked(ILogger log, string partitions, bool finished);

    [LoggerMessage(
        370,
        LogLevel.Warning,
        "Lost {Partitions}: the group went on without this replica, which joins it again; another reads them from their last commit"
    )]
    public static partial void Lost(ILogger log, string partitions);

    [LoggerMessage(302, LogLevel.Information, "{Partition} has no committed offset and begins at the {FirstStart}")]
    public static partial void FirstStart(ILogger log, string partition, FirstStart firstStart);

    [LoggerMessage(303, LogLevel.Warning, "Kafka: {Code} {Reason}")]
    public static partial void KafkaTrouble(ILogger log, string code, string reason);

    [LoggerMessage(
        304,
        LogLevel.Critical,
        "{Partition} is stopped: its next record {Wanted} is gone, the topic has {First} to {End}; "
            + "the sink does not jump. Let it read on with CdcSink:LostOffset=Earliest, or rewind --to beginning --forward, and reconcile"
    )]
    public static partial void OffsetLost(ILogger log, string partition, long wanted, long first, long end);

    [LoggerMessage(305, LogLevel.Warning, "Offsets not committed ({Code}); their records come again, which changes nothing")]
    public static partial void CommitFailed(ILogger log, string code);

    [LoggerMessage(306, LogLevel.Debug, "Applied {Records} records, {DeadLetters} dead letters, in {Milliseconds} ms")]
    public static partial void Applied(ILogger log, int records, int deadLetters, double milliseconds);

    [LoggerMessage(311, LogLevel.Information, "ClickHouse has taken {What} at attempt {Attempt} after {Seconds:F0} s")]
    public static partial void Taken(ILogger log, string what, int attempt, double seconds);

    [LoggerMessage(
        313,
        LogLevel.Warning,
        "ClickHouse does not take a batch of {Records} records ({Code}, {Name}: {Reason}); it is halved until it does"
    )]
    public static partial void Halving(ILogger log, int records, string code, string name, string reason);

    [LoggerMessage(
        314,
        LogLevel.Error,
        "ClickHouse refuses {Topic} {Partition}@{Offset} alone ({Code}, {Name}: {Reason}); it goes to the dead letters"
    )]
    public static partial void RecordRefused(
        ILogger log,
        string topic,
        int partition,
        long offset,
        string code,
        string name,
        string reason
    );

    [LoggerMessage(
        355,
        LogLevel.Warning,
        "The lag is not known anew: {Store} does not answer ({Code}), since {Seconds:F0} s; what was known grows older"
    )]
    public static partial void LagUnknown(ILogger log, string store, string code, double seconds);

    [LoggerMessage(356, LogLevel.Information, "{Store} answers the questions behind the lag again after {Seconds:F0} s")]
    public static partial void LagKnown(ILogger log, string store, double seconds);

    [LoggerMessage(
        320,
        LogLevel.Error,
        "A snapshot began on {Topic} in epoch {Epoch}, which has streamed changes or another snapshot "
            + "before it. Rows that went while nobody captured stay until a reconciliation: run one, and raise the epoch with the next "
            + "snapshot"
    )]
    public static partial void SnapshotInUsedEpoch(ILogger log, string topic, int epoch);

    [LoggerMessage(
        322,
        LogLevel.Error,
        "{Table} have changes of epoch {Epoch}, committed up to {CommittedAt:u}, after epoch {Newer} "
            + "began at {BeganAt:u}. They lose to it and are not shown. Is the connector's epoch too low, or is the cluster that was "
            + "replaced still captured? Set the epoch above {Newer} and take a snapshot"
    )]
    public static partial void EpochWentBack(
        ILogger log,
        string table,
        int epoch,
        DateTimeOffset committedAt,
        int newer,
        DateTimeOffset beganAt
    );

    [LoggerMessage(
        324,
        LogLevel.Error,
        "PostgreSQL's log went back: the watermark of {At:u} stands at {Lsn}, before older ones of "
            + "epoch {Epoch}. Was PostgreSQL restored, or a replica promoted that lagged? What ClickHouse has of the lost part stays. Set "
            + "the connector's epoch higher and take a snapshot"
    )]
    public static partial void LogWentBack(ILogger log, ulong lsn, DateTimeOffset at, int epoch);

    [LoggerMessage(
        344,
        LogLevel.Error,
        "The watermark of {At:u} at {Lsn}, timeline {Timeline}, does not follow the last one of epoch "
            + "{Epoch}, of {BeforeAt:u} at {BeforeLsn}, timeline {BeforeTimeline}. PostgreSQL was restored, or a replica was promoted "
            + "that lagged, or Kafka lost watermarks before they were read. What ClickHouse has of a lost part stays, and changes "
            + "may be missing. If PostgreSQL lost commits, set the connector's epoch higher and take a snapshot"
    )]
    public static partial void WatermarkChainBroken(
        ILogger log,
        DateTimeOffset at,
        ulong lsn,
        uint timeline,
        DateTimeOffset beforeAt,
        ulong beforeLsn,
        uint beforeTimeline,
        int epoch
    );

    [LoggerMessage(
        345,
        LogLevel.Warning,
        "PostgreSQL's timeline changed from {BeforeTimeline} to {Timeline} between {BeforeAt:u} and {At:u} in epoch {Epoch}: a "
            + "replica was promoted, or a backup was restored. If that lost commits, set the connector's epoch higher and take a "
            + "snapshot; if not, nothing is to be done"
    )]
    public static partial void TimelineChanged(
        ILogger log,
        uint beforeTimeline,
        uint timeline,
        DateTimeOffset beforeAt,
        DateTimeOffset at,
        int epoch
    );

    [LoggerMessage(
        387,
        LogLevel.Warning,
        "Commit times are not in the order of the log: PostgreSQL's clock jumped, or its log went back. bets_as_of refuses moments "
            + "between {KnownUntil:u} and {KnownAgain:u}; {Jumps} jumps were found now, all are in history_gaps"
    )]
    public static partial void ClockJumped(ILogger log, DateTimeOffset knownUntil, DateTimeOffset knownAgain, int jumps);

    [LoggerMessage(
        389,
        LogLevel.Error,
        "The publication or the definition of a table of it was changed between {BeforeAt:u} and {At:u} in epoch {Epoch}: by ALTER "
            + "PUBLICATION, by ALTER TABLE, or because one was made anew. What was committed while a table was not published, or by "
            + "DDL itself, is missing. A reconciliation is asked for, and data_as_of is held at the first of the two until a run "
            + "finds everything equal"
    )]
    public static partial void PublicationChanged(ILogger log, DateTimeOffset beforeAt, DateTimeOffset at, int epoch);

    [LoggerMessage(
        392,
        LogLevel.Error,
        "The publication does not send every change of users, events and bets at {At:u} in epoch {Epoch}: a table or an operation is "
            + "not published, or it has a row filter, a column list or child tables. What is committed meanwhile is missing. "
            + "data_as_of stays at the last watermark before, until the publication is whole and a run after that finds everything equal"
    )]
    public static partial void PublicationIncomplete(ILogger log, DateTimeOffset at, int epoch);

    [LoggerMessage(
        393,
        LogLevel.Warning,
        "Kafka Connect has had no position of the topic prefix {TopicPrefix} for {Seconds:F0} s: the connector has not begun, its "
            + "position was deleted, or Connect:Connector or CdcSink:TopicPrefix names another one. data_as_of does not move"
    )]
    public static partial void NoPosition(ILogger log, string topicPrefix, double seconds);

    [LoggerMessage(
        395,
        LogLevel.Warning,
        "The connector that Connect:Connector names gives its records epoch {Connector}, and the newest watermarks have epoch "
            + "{Watermarks}, for {Seconds:F0} s: its snapshot is not complete yet, or another connector writes them. data_as_of does "
            + "not move"
    )]
    public static partial void OtherEpoch(ILogger log, int connector, int watermarks, double seconds);

    [LoggerMessage(
        396,
        LogLevel.Warning,
        "PostgreSQL was restarted at {StartedAt:u}, after the watermark of {BeforeAt:u} in epoch {Epoch}, and {Backlog}. If "
            + "PostgreSQL was restored from a copy, it may lack what the connector had sent. A reconciliation is asked for, and "
            + "data_as_of is held at that watermark until a run finds everything equal"
    )]
    public static partial void RestartedBehindBacklog(
        ILogger log,
        DateTimeOffset startedAt,
        DateTimeOffset beforeAt,
        int epoch,
        string backlog
    );

    [LoggerMessage(
        390,
        LogLevel.Warning,
        "No watermark was written between {BeforeAt:u} and {At:u} in epoch {Epoch}: the connector was stopped. Whether somebody moved "
            + "its slot meanwhile leaves no sign, so a reconciliation is asked for; nothing is held"
    )]
    public static partial void CaptureGap(ILogger log, DateTimeOffset beforeAt, DateTimeOffset at, int epoch);

    [LoggerMessage(
        327,
        LogLevel.Warning,
        "The group {Group} has given this replica no partitions for {Seconds:F0} s: another member may have ended without leaving it, "
            + "or does not answer"
    )]
    public static partial void NotAssigned(ILogger log, string group, double seconds);

    [LoggerMessage(
        325,
        LogLevel.Error,
        "ClickHouse acknowledged the change {Version} of {Table} {Id} and does not have it any more; others may be missing too. Was a "
            + "table restored, did the server crash, or does a replica answer that lags? Reconcile, and read again what is missing "
            + "with CdcSink rewind"
    )]
    public static partial void ChangeLost(ILogger log, ulong version, string table, long id);

    [LoggerMessage(
        340,
        LogLevel.Warning,
        "data_as_of is held at {HeldAt}: {Reason} ({Id}; {Count} requests hold it). It goes on when a run of the Reconciler that "
            + "began after the request has found everything equal; see CdcSinkHeld in docs/runbooks/cdcsink.md"
    )]
    public static partial void Held(ILogger log, string heldAt, string reason, string id, long count);

    [LoggerMessage(341, LogLevel.Information, "No request holds data_as_of any more")]
    public static partial void HoldsEnded(ILogger log);

    [LoggerMessage(
        342,
        LogLevel.Error,
        "{Partitions} are not in Kafka, and ClickHouse knows them: records that were not read may be gone with them, and data_as_of "
            + "stands still. Create the topic again with at least as many partitions"
    )]
    public static partial void PartitionsMissing(ILogger log, string partitions);

    [LoggerMessage(321, LogLevel.Warning, "The snapshot of epoch {Epoch} is complete: rows of {Table} that it did not read are deleted")]
    public static partial void EpochEnded(ILogger log, string table, int epoch);

    [LoggerMessage(
        399,
        LogLevel.Information,
        "The stream goes on after the snapshot of epoch {Epoch} at {Position}, so it is over. Its last read has not come: it stands "
            + "in the topic of a table that the sink does not read, was put aside, or the snapshot was stopped"
    )]
    public static partial void SnapshotEndNotSeen(ILogger log, int epoch, ulong position);

    [LoggerMessage(
        360,
        LogLevel.Warning,
        "A snapshot of epoch {Epoch} has ended, but does not tell which rows PostgreSQL has in {Table}: {Reason}. Older rows stay, "
            + "and a reconciliation is asked for"
    )]
    public static partial void OlderRowsStay(ILogger log, string table, int epoch, string reason);

    [LoggerMessage(
        362,
        LogLevel.Warning,
        "Kafka does not take {Letters} dead letters of {Topic} ({Cause}); they are in ClickHouse's table dead_letters, see CdcSink "
            + "dead-letters list"
    )]
    public static partial void LettersInClickHouse(ILogger log, int letters, string topic, string cause);

    [LoggerMessage(
        363,
        LogLevel.Warning,
        "The dead letter of {Topic} {Partition}@{Offset} has {Bytes} bytes, too many for its topic; it is written shortened to {Limit}"
    )]
    public static partial void LetterShortened(ILogger log, string topic, int partition, long offset, long bytes, int limit);

    [LoggerMessage(361, LogLevel.Debug, "A snapshot that has ended is not settled yet ({Code})")]
    public static partial void SnapshotEndWaits(ILogger log, string code);

    [LoggerMessage(
        382,
        LogLevel.Warning,
        "A snapshot that has ended waits for ClickHouse ({Code}, {Name}: {Reason}); rows that it did not find stay until then"
    )]
    public static partial void SnapshotEndRefused(ILogger log, string code, string name, string reason);

    [LoggerMessage(383, LogLevel.Warning, "Whether a rewind is ordered cannot be told ({Code}, {Name}: {Reason}); asked again")]
    public static partial void RewindsUnknown(ILogger log, string code, string name, string reason);

    [LoggerMessage(
        330,
        LogLevel.Information,
        "{Partition} has no offset in the group and goes on at {Offset}, where ClickHouse says that the sink was"
    )]
    public static partial void GoesOnFromProgress(ILogger log, string partition, long offset);

    [LoggerMessage(
        331,
        LogLevel.Error,
        "{Partition}: the group is at {Committed}, but ClickHouse has only what is before {Offset}: was it restored, or is it another "
            + "one? Reads from there, so nothing is missing"
    )]
    public static partial void ClickHouseBehindGroup(ILogger log, string partition, long committed, long offset);

    [LoggerMessage(
        339,
        LogLevel.Critical,
        "ClickHouse lost what this replica wrote: {Detail} The worker ends, and at its next start reads again from what ClickHouse has"
    )]
    public static partial void ClickHouseWentBack(ILogger log, string detail);

    [LoggerMessage(
        332,
        LogLevel.Error,
        "{Partition} was made anew, or lost its end: the sink was at {Reached}, the topic has {First} to {End}. Read from its "
            + "beginning; what it held before cannot be read again"
    )]
    public static partial void TopicRecreated(ILogger log, string partition, long reached, long first, long end);

    [LoggerMessage(
        333,
        LogLevel.Critical,
        "{Partition}: {Lost} records are gone that were never read; goes on at {Offset}, as CdcSink:LostOffset=Earliest says. Reconcile"
    )]
    public static partial void ReadsOnAfterLoss(ILogger log, string partition, long lost, long offset);

    [LoggerMessage(334, LogLevel.Warning, "{Partition} was added to a topic that the sink knows: read from its beginning")]
    public static partial void PartitionAdded(ILogger log, string partition);

    [LoggerMessage(
        335,
        LogLevel.Error,
        "{Partition}: the group is at {Committed}, but ClickHouse knows nothing of this partition: is it a new one? Reads from "
            + "{Offset}, as FirstStart says"
    )]
    public static partial void ClickHouseKnowsNothing(ILogger log, string partition, long? committed, long offset);

    [LoggerMessage(336, LogLevel.Warning, "{Partition} is read again from {Offset}, as a rewind ordered")]
    public static partial void Rewound(ILogger log, string partition, long offset);

    [LoggerMessage(
        337,
        LogLevel.Warning,
        "{Partition}: the group's offset {Committed} is older than the topic, but ClickHouse has all that is gone; read from {Offset}"
    )]
    public static partial void GroupBehindTopic(ILogger log, string partition, long? committed, long offset);

    [LoggerMessage(338, LogLevel.Warning, "Where to begin cannot be told yet ({Code}: {Reason}); asked again")]
    public static partial void StartUnknown(ILogger log, string code, string reason);

    [LoggerMessage(
        394,
        LogLevel.Warning,
        "Where to begin cannot be told yet of {Partitions} partitions, such as {Partition}: they have no leader, or it does not "
            + "answer. The others are read"
    )]
    public static partial void StartUnknownOfSome(ILogger log, int partitions, string partition);

    [LoggerMessage(
        323,
        LogLevel.Information,
        "Joined {Bets} bets of {Users} users and {Events} events beside the batches in {Seconds:F1} s"
    )]
    public static partial void LargeJoinDone(ILogger log, int bets, int users, int events, double seconds);

    [LoggerMessage(
        350,
        LogLevel.Error,
        "ClickHouse does not take {What} ({Code}, {Name}: {Reason}), attempt {Attempt} after {Seconds:F0} s; it is sent again, "
            + "several records in smaller parts. No record goes to the dead letters for it: see docs/failures.md"
    )]
    public static partial void NotTaken(ILogger log, string what, string code, string name, string reason, int attempt, double seconds);

    [LoggerMessage(
        351,
        LogLevel.Warning,
        "A large join waits for ClickHouse ({Code}, {Name}: {Reason}), attempt {Attempt} after {Seconds:F0} s; the progress of its "
            + "topics waits with it"
    )]
    public static partial void LargeJoinWaits(ILogger log, string code, string name, string reason, int attempt, double seconds);

    [LoggerMessage(
        380,
        LogLevel.Information,
        "Followed bet {Bet}: {Operation} of version {Version}, transaction {Transaction}, read from {Topic} {Partition}@{Offset}"
    )]
    public static partial void FollowedRead(
        ILogger log,
        long bet,
        Operation operation,
        ulong version,
        uint transaction,
        string topic,
        int partition,
        long offset
    );

    [LoggerMessage(381, LogLevel.Information, "Followed bet {Bet}: its changes and its row are in ClickHouse")]
    public static partial void FollowedVisible(ILogger log, long bet);

    [LoggerMessage(
        371,
        LogLevel.Error,
        "{Faults}. See docs/runbooks/cdcsink.md#a-table-or-view-of-clickhouse-is-lost before ClickHouse is restarted"
    )]
    public static partial void SchemaDamaged(ILogger log, string faults);

    [LoggerMessage(
        391,
        LogLevel.Error,
        "{Faults}: lost, so what was written since it was there may be incomplete. {Asked}. The worker ends"
    )]
    public static partial void SchemaLost(ILogger log, string faults, string asked);

    [LoggerMessage(372, LogLevel.Information, "All tables and views of ClickHouse's schema are there")]
    public static partial void SchemaWhole(ILogger log);

    [LoggerMessage(397, LogLevel.Information, "{Summary} is refreshed before its time: {Why}")]
    public static partial void SummaryInDoubt(ILogger log, string summary, string why);

    [LoggerMessage(
        398,
        LogLevel.Warning,
        "Whether {Summary} claims too much is not known, or it cannot be refreshed ({Code}: {Reason}); tried again every 15 s. A "
            + "summary that is not refreshed may claim more than is proven until its time comes: see docs/runbooks/cdcsink.md#cdcsinkheld"
    )]
    public static partial void SummaryNotRefreshed(ILogger log, string summary, string code, string reason);

    [LoggerMessage(
        373,
        LogLevel.Warning,
        "ClickHouse does not answer what its tables, views and disks are ({Code}: {Reason}); asked again every 15 s"
    )]
    public static partial void StorageUnknown(ILogger log, string code, string reason);
}
