namespace Betting.Ingest.Decide;

/// <summary>What a parked command waits for, as it is written in <c>parked_commands.waits_for</c> and in answers.</summary>
public static class WaitForText
{
    public static string Of(WaitFor wait) =>
        wait switch
        {
            WaitFor.User => "user",
            WaitFor.Event => "event",
            _ => "bet",
        };

    /// <returns>Null for a text that this version does not know.</returns>
    public static WaitFor? Read(string text) =>
        text switch
        {
            "user" => WaitFor.User,
            "event" => WaitFor.Event,
            "bet" => WaitFor.Bet,
            _ => null,
        };
}
