using System.Text.Json;
using System.Text.Json.Nodes;

namespace Betting.Contracts.Commands;

/// <summary>The contract as a JSON Schema (2020-12), generated so that it cannot say anything else than the decoder.</summary>
public static class CommandSchema
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>The schema as indented JSON, ended by a line feed.</summary>
    public static string Generate()
    {
        var kinds = new JsonArray([.. CommandContract.Kinds.Select(Kind)]);
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "bet command",
            ["description"] = $"At most {CommandContract.MaxBytes} bytes of UTF-8; no field twice.",
            ["oneOf"] = kinds,
        };
        return schema.ToJsonString(Indented) + "\n";
    }

    static JsonObject Kind(KindOfCommand kind)
    {
        var properties = new JsonObject();
        foreach (var (field, name) in CommandContract.Fields.Where(field => (kind.Allowed & field.Field) != 0))
        {
            properties[name] = field == CommandFields.Kind ? new JsonObject { ["const"] = kind.Text } : Value(field);
        }
        var required = CommandContract.Fields.Where(field => ((CommandContract.Common & ~CommandFields.Version) | kind.Required).HasFlag(field.Field));
        var schema = new JsonObject
        {
            ["title"] = kind.Text,
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = new JsonArray([.. required.Select(field => JsonValue.Create(field.Name))]),
            ["additionalProperties"] = false,
        };
        if (kind.AnyOf != CommandFields.None)
        {
            var choices = CommandContract.Fields.Where(field => kind.AnyOf.HasFlag(field.Field));
            schema["anyOf"] = new JsonArray([.. choices.Select(field => new JsonObject { ["required"] = new JsonArray(field.Name) })]);
        }
        return schema;
    }

    static JsonObject Value(CommandFields field) => field switch
    {
        CommandFields.Version => new JsonObject { ["const"] = CommandContract.Version },
        CommandFields.Id => new JsonObject { ["type"] = "string", ["format"] = "uuid" },
        CommandFields.IssuedAt or CommandFields.StartTime => new JsonObject { ["type"] = "string", ["format"] = "date-time" },
        CommandFields.BetId or CommandFields.UserId or CommandFields.EventId =>
            new JsonObject { ["type"] = "integer", ["minimum"] = 1, ["maximum"] = long.MaxValue },
        CommandFields.Amount => Decimal(CommandContract.MaxAmount),
        CommandFields.Payout => Decimal(CommandContract.MaxPayout),
        CommandFields.Name => Text(CommandContract.MaxName),
        CommandFields.Category => Text(CommandContract.MaxCategory),
        _ => new JsonObject { ["enum"] = new JsonArray([.. EventStatus.All.Select(status => JsonValue.Create(status))]) },
    };

    static JsonObject Decimal(Money limit) => new()
    {
        ["oneOf"] = new JsonArray(
            new JsonObject { ["type"] = "string", ["pattern"] = $"^-?(0|[1-9][0-9]{{0,{limit.ToString().Length - 4}}})(\\.[0-9]{{1,2}})?$" },
            new JsonObject { ["type"] = "number", ["multipleOf"] = 0.01m, ["minimum"] = -limit.ToDecimal(), ["maximum"] = limit.ToDecimal() }),
    };

    static JsonObject Text(int limit) => new() { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = limit };
}
