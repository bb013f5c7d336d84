using System.Globalization;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Signs;

/// <summary>
/// Looks, before a watermark becomes visible, whether PostgreSQL was restarted before it while the connector sent a backlog. A copy that is
/// restored within an epoch has the last watermark that came, and may lack the changes that the connector sent behind it: no watermark
/// comes amid a backlog.
/// </summary>
/// <remarks>
/// PostgreSQL's own recovery loses no commit, and a restart alone is no sign. It is one where changes had come that were committed before
/// the restart and more than <see cref="Backlog"/> after the last watermark before it: then nothing ties them to the PostgreSQL that runs
/// now. All changes before the watermark have come by then, of whatever partition. Where the two watermarks are a day apart it is not known
/// any more whether such changes came, and the restart is a sign by itself: a PostgreSQL that was away for so long may come from a backup.
/// </remarks>
public sealed class RestartSigns(ClickHouseClient client, ChangeStore store, CdcSinkMetrics metrics, ILogger<RestartSigns> log)
{
    /// <summary>Ten heartbeats. A connector without a backlog writes one before.</summary>
    static readonly TimeSpan Backlog = TimeSpan.FromSeconds(10);

    // commit_seconds keeps a day.
    static readonly TimeSpan Told = TimeSpan.FromHours(23);

    // By the times at which PostgreSQL started. One loop looks.
    readonly HashSet<long> _asked = [];

    readonly record struct Restart(ChangeVersion Version, long At, long StartedAt, long BeforeAt);

    /// <summary>Asks for a reconciliation that holds <c>data_as_of</c> at the last watermark before such a restart.</summary>
    /// <param name="watermark">It is covered and not visible yet. Asked again, it asks for nothing.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task NoticeAsync(Watermark watermark, CancellationToken cancellation)
    {
        foreach (var restart in (await RestartsAsync(watermark.Version, cancellation)).Where(each => !_asked.Contains(each.StartedAt)))
        {
            var epoch = watermark.Version.Epoch;
            if (await BacklogAsync(restart, epoch, cancellation) is { } backlog)
            {
                metrics.RestartBehindBacklog();
                CdcSinkLog.RestartedBehindBacklog(log, Moment(restart.StartedAt), Moment(restart.BeforeAt), epoch, backlog);
                await store.AskReconciliationAsync(
                    new Sign(
                        FormattableString.Invariant($"Restart of the watermarks of epoch {epoch}"),
                        FormattableString.Invariant($"started {Moment(restart.StartedAt):yyyy-MM-dd HH:mm:ss.ffffff}")
                    ),
                    "PostgreSQL was restarted behind a backlog: it may have been restored from a copy without a new epoch",
                    new Watermark(Moment(restart.BeforeAt), default).Hold,
                    cancellation
                );
                _asked.Add(restart.StartedAt);
            }
        }
    }

    /// <summary>
    /// Of each start of PostgreSQL the first watermark above the visible one, up to this one, where the watermark before it is of another
    /// start. After a restore the positions of the former log and of the new one lie side by side, and their watermarks alternate.
    /// </summary>
    async Task<List<Restart>> RestartsAsync(ChangeVersion version, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("version", version.Value);
        parameters.AddParameter("epoch", version.Epoch);
        const string Sql = """
            WITH (SELECT max(version) FROM visible_watermarks) AS visible
            SELECT version, toUnixTimestamp64Micro(at), toUnixTimestamp64Micro(started), toUnixTimestamp64Micro(before_at)
            FROM
            (
                SELECT version, at, started, lagInFrame(at) OVER last AS before_at, lagInFrame(started) OVER last AS before_started
                FROM (SELECT version, at, started FROM watermarks UNION DISTINCT SELECT version, at, started FROM last_watermarks)
                WHERE version BETWEEN visible AND {version:UInt64} AND bitShiftRight(version, 57) = {epoch:UInt8}
                    AND toUnixTimestamp64Micro(started) > 0
                WINDOW last AS (ORDER BY version, at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
            )
            WHERE version > visible AND toUnixTimestamp64Micro(before_started) > 0 AND started != before_started
            ORDER BY version
            LIMIT 1 BY started
            """;
        var restarts = new List<Restart>();
        await using var reader = await client.ExecuteReaderAsync(Sql, parameters, cancellationToken: cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            restarts.Add(
                new Restart(
                    new ChangeVersion(Convert.ToUInt64(reader.GetValue(0), CultureInfo.InvariantCulture)),
                    reader.GetInt64(1),
                    reader.GetInt64(2),
                    reader.GetInt64(3)
                )
            );
        }
        return restarts;
    }

    /// <summary>What had come behind the last watermark before the restart, for people; null where nothing had.</summary>
    async Task<string?> BacklogAsync(Restart restart, int epoch, CancellationToken cancellation) =>
        await LastChangeAsync(restart, epoch, cancellation) is { } lastAt ? $"changes had come that were committed up to {Moment(lastAt):u}"
        : restart.At - restart.BeforeAt >= (long)Told.TotalMicroseconds
            ? "no watermark came for so long that nobody knows whether changes had come behind it"
        : null;

    /// <summary>
    /// The second in which the last change of the backlog was committed, microseconds since 1970 UTC; null where none came behind that
    /// watermark.
    /// </summary>
    async Task<long?> LastChangeAsync(Restart restart, int epoch, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("epoch", epoch);
        parameters.AddParameter("from", restart.BeforeAt + (long)Backlog.TotalMicroseconds);
        // Commit times are good to a second.
        parameters.AddParameter("to", restart.StartedAt - (long)TimeSpan.FromSeconds(1).TotalMicroseconds);
        var last = Convert.ToInt64(
            await client.ExecuteScalarAsync(
                """
                SELECT max(toUnixTimestamp64Micro(second)) FROM commit_seconds
                WHERE epoch = {epoch:UInt8} AND toUnixTimestamp64Micro(second) > {from:Int64}
                    AND toUnixTimestamp64Micro(second) < {to:Int64}
                """,
                parameters,
                cancellationToken: cancellation
            ),
            CultureInfo.InvariantCulture
        );
        return last > 0 ? last : null;
    }

    static DateTimeOffset Moment(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
