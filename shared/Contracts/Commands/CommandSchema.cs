using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Betting.Contracts.Commands;

/// <summary>The contract as a JSON Schema (2020-12), generated from what the decoder is made of. A property test compares both.</summary>
public static class CommandSchema
{
    static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The schema as indented JSON, ended by a line feed.</summary>
    public static string Generate()
    {
        var properties = new JsonObject();
        foreach (var (field, name) in CommandContract.Fields)
        {
            properties[name] = Value(field);
        }
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "bet command",
            ["description"] =
                $"At most {CommandContract.MaxBytes} bytes of UTF-8, {CommandContract.MaxMessageBytes} with "
                + $"MassTransit's envelope around it; "
                + "no field twice; numbers as docs/commands.md says: a schema sees their values, not how they are written.",
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = Names(CommandContract.Common & ~CommandFields.Version),
            ["additionalProperties"] = false,
            ["allOf"] = new JsonArray([.. CommandContract.Kinds.Select(Kind)]),
        };
        return schema.ToJsonString(Indented) + "\n";
    }

    // Values are described once above, so that a wrong one is one error; a kind adds what it needs and what it does not have.
    static JsonObject Kind(KindOfCommand kind)
    {
        var fields = new JsonObject();
        foreach (var (field, name) in CommandContract.Fields.Where(field => !CommandContract.Common.HasFlag(field.Field)))
        {
            fields[name] = kind.Allowed.HasFlag(field);
        }
        var then = new JsonObject { ["properties"] = fields, ["required"] = Names(kind.Required) };
        if (kind.AnyOf != CommandFields.None)
        {
            then["anyOf"] = new JsonArray([
                .. CommandContract
                    .Fields.Where(field => kind.AnyOf.HasFlag(field.Field))
                    .Select(field => new JsonObject
                    {
                        ["properties"] = new JsonObject { [field.Name] = true },
                        ["required"] = new JsonArray(field.Name),
                    }),
            ]);
        }
        return new JsonObject
        {
            ["if"] = new JsonObject
            {
                ["properties"] = new JsonObject { ["kind"] = new JsonObject { ["const"] = kind.Text } },
                ["required"] = new JsonArray("kind"),
            },
            ["then"] = then,
        };
    }

    static JsonArray Names(CommandFields fields) =>
        new([.. CommandContract.Fields.Where(field => fields.HasFlag(field.Field)).Select(field => JsonValue.Create(field.Name))]);

    static JsonObject Value(CommandFields field) =>
        field switch
        {
            CommandFields.Version => new JsonObject { ["const"] = CommandContract.Version },
            CommandFields.Id => Pattern(
                CommandPatterns.Uuid,
                new JsonObject { ["enum"] = new JsonArray(Guid.Empty.ToString()) },
                maxLength: 36
            ),
            CommandFields.Kind => new JsonObject
            {
                ["enum"] = new JsonArray([.. CommandContract.Kinds.Select(kind => JsonValue.Create(kind.Text))]),
            },
            CommandFields.IssuedAt => Pattern(CommandPatterns.IssuedAt, LineFeed()),
            CommandFields.StartTime => Pattern(CommandPatterns.StartTime, LineFeed()),
            CommandFields.BetId or CommandFields.UserId or CommandFields.EventId => TextOr(
                Pattern(CommandPatterns.Id, LineFeed()),
                new JsonObject
                {
                    ["type"] = "integer",
                    ["minimum"] = 1,
                    ["maximum"] = long.MaxValue,
                }
            ),
            CommandFields.Amount => Decimal(CommandContract.MaxAmount),
            CommandFields.Payout => Decimal(CommandContract.MaxPayout),
            CommandFields.Name => Text(CommandContract.MaxName),
            CommandFields.Category => Text(CommandContract.MaxCategory),
            _ => new JsonObject { ["enum"] = new JsonArray([.. EventStatus.All.Select(status => JsonValue.Create(status))]) },
        };

    // No multipleOf: 19.99 is no multiple of 0.01 for who computes with binary fractions.
    static JsonObject Decimal(Money limit) =>
        TextOr(
            Pattern(
                CommandPatterns.Decimal(limit),
                new JsonObject { ["anyOf"] = new JsonArray(LineFeed(), new JsonObject { ["enum"] = new JsonArray("-0", "-0.0", "-0.00") }) }
            ),
            new JsonObject
            {
                ["type"] = "number",
                ["minimum"] = -limit.ToDecimal(),
                ["maximum"] = limit.ToDecimal(),
            }
        );

    static JsonObject TextOr(JsonObject text, JsonObject number) =>
        new()
        {
            ["if"] = new JsonObject { ["type"] = "string" },
            ["then"] = text,
            ["else"] = number,
        };

    static JsonObject Pattern(string pattern, JsonObject not, int? maxLength = null)
    {
        var text = new JsonObject
        {
            ["type"] = "string",
            ["pattern"] = pattern,
            ["not"] = not,
        };
        if (maxLength is { } most)
        {
            text["maxLength"] = most;
        }
        return text;
    }

    static JsonObject LineFeed() => new() { ["pattern"] = CommandPatterns.LineFeed };

    static JsonObject Text(int limit) =>
        new()
        {
            ["type"] = "string",
            ["minLength"] = 1,
            ["maxLength"] = limit,
            ["pattern"] = CommandPatterns.Text,
        };
}
