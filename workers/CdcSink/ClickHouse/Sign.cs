using Betting.CdcSink.Messages;

namespace Betting.CdcSink.ClickHouse;

/// <summary>A sign that rows may be missing or wrong, of a kind that can come again and again.</summary>
/// <param name="Subject">What the sign is about. All signs of a kind have the same subject.</param>
/// <param name="Position">
/// Where the sign stands in the stream: the same records give the same position, and a later sign has another one. Of a sign that stands in
/// no record, the time at which it was seen.
/// </param>
public readonly record struct Sign(string Subject, string Position)
{
    /// <summary>The beginning of the id of every request that a sign of this subject makes.</summary>
    public string Prefix => Subject + " at ";

    /// <summary>The id of the request.</summary>
    public string Id => Prefix + Position;

    /// <summary>
    /// A sign at a watermark: its place in PostgreSQL's log, and its time there, because a log that was restored uses places again.
    /// </summary>
    public static Sign Of(string subject, in StreamedWatermark watermark)
    {
        var at = DateTimeOffset.UnixEpoch.AddTicks(watermark.At * TimeSpan.TicksPerMicrosecond);
        return new Sign(subject, FormattableString.Invariant($"{watermark.Version.Lsn}, {at:yyyy-MM-dd HH:mm:ss.ffffff}"));
    }
}
