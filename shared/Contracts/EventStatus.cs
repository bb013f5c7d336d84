namespace Betting.Contracts;

/// <summary>The life of an event, which never goes back.</summary>
public static class EventStatus
{
    public const string Scheduled = "SCHEDULED",
        Live = "LIVE",
        Finished = "FINISHED";

    public static readonly IReadOnlyList<string> All = [Scheduled, Live, Finished];
}
