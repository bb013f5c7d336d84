namespace Betting.Ingest.Decide;

/// <summary>Outcomes as they are written in the journal, in metrics and in answers.</summary>
public static class OutcomeText
{
    public static string Of(OutcomeKind kind) =>
        kind switch
        {
            OutcomeKind.Accepted => "accepted",
            OutcomeKind.Rejected => "rejected",
            OutcomeKind.Parked => "parked",
            OutcomeKind.Duplicate => "duplicate",
            _ => "conflict",
        };
}
