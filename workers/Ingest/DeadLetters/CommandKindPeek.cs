using System.Text.Json;
using Betting.Contracts.Commands;

namespace Betting.Ingest.DeadLetters;

/// <summary>What kind a message that is no command seems to be: as much as can be read of it.</summary>
static class CommandKindPeek
{
    /// <returns>The kind's text as it stands, or empty.</returns>
    public static string Of(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body[..Math.Min(body.Length, 4 * CommandContract.MaxBytes)], isFinalBlock: false, default);
        try
        {
            while (reader.Read())
            {
                // Of the command itself, or of the command in MassTransit's envelope.
                if (reader is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 or 2 } && reader.ValueTextEquals("kind"u8))
                {
                    return reader.Read() && reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: <= 40 } kind
                        ? kind
                        : "";
                }
            }
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // It is a dead letter for a reason: what breaks before its kind has none.
        }
        return "";
    }
}
