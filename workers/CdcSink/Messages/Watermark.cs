using Betting.Debezium;

namespace Betting.CdcSink.Messages;

/// <summary>A position in PostgreSQL's log, and PostgreSQL's clock there.</summary>
/// <param name="At">The clock when the message was written.</param>
/// <param name="Version">Epoch and LSN of the message.</param>
public readonly record struct Watermark(DateTimeOffset At, ChangeVersion Version)
{
    // PostgreSQL takes a commit's time just before it writes the commit into the log, so a commit may stand behind a message that is later.
    static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    /// <summary>Every change that was committed before this moment precedes the message in the log.</summary>
    public DateTimeOffset AsOf => At - Margin;

    /// <summary>What precedes the message is proven, and nothing behind it.</summary>
    public Hold Hold => new((AsOf - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
}
