using System.Text.Json;

namespace Betting.Contracts.Commands;

/// <summary>A property's name as a field, without making a string of it.</summary>
static class FieldNames
{
    const int MaxShown = 64;

    /// <returns><see cref="CommandFields.None"/> for a name that the contract does not have.</returns>
    public static CommandFields Of(ref Utf8JsonReader reader)
    {
        try
        {
            foreach (var (field, name) in CommandContract.Fields)
            {
                if (reader.ValueTextEquals(name))
                {
                    return field;
                }
            }
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair is valid JSON and no text, so it is no name of ours.
        }
        return CommandFields.None;
    }

    /// <summary>The name as it may stand in a refusal: cut where it is long.</summary>
    public static string Shown(ref Utf8JsonReader reader)
    {
        try
        {
            var name = reader.GetString()!;
            return name.Length <= MaxShown ? name : name[..MaxShown] + "…";
        }
        catch (InvalidOperationException)
        {
            return "(unreadable)";
        }
    }
}
