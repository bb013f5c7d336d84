using System.Text;
using System.Text.Json.Nodes;
using Betting.Debezium;
using Betting.Tests.CdcSink.Proof;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Values;

/// <summary>The same life of a few rows in every form in which a connector may write it: people see the same.</summary>
public sealed class FormTests(Servers servers)
{
    static readonly Dictionary<string, Func<StreamRecord, StreamRecord>> Forms = new()
    {
        ["as this project's settings make it"] = record => record,
        ["version 1: no sequence, no transaction, snapshot as a boolean"] = record =>
            record.With(text =>
                text.Without("sequence")
                    .Without("transaction")
                    .Replace("\"snapshot\":\"false\"", "\"snapshot\":false", StringComparison.Ordinal)
                    .Replace("\"snapshot\":\"true\"", "\"snapshot\":true", StringComparison.Ordinal)
            ),
        ["with schemas"] = record => Wrapped(record, (schema, payload) => $"{{\"schema\":{schema},\"payload\":{payload}}}"),
        ["with schemas, and another field behind the payload"] = record =>
            Wrapped(record, (schema, payload) => $"{{\"schema\":{schema},\"payload\":{payload},\"added\":{{\"later\":1}}}}"),
        ["with schemas behind their payloads"] = record =>
            Wrapped(record, (schema, payload) => $"{{\"payload\":{payload},\"schema\":{schema}}}"),
        ["ByLogicalTableRouter, all tables in one topic"] = record =>
            Keyed(record, $",\"__dbz__physicalTableIdentifier\":\"{record.Topic}\"") with
            {
                Topic = "betting.everything",
            },
        ["ByLogicalTableRouter, many physical tables in one topic"] = record =>
            record.With(text =>
                text.Replace("\"table\":\"bets\"", "\"table\":\"bets_2026_01\"", StringComparison.Ordinal)
                    .Replace("\"table\":\"users\"", "\"table\":\"users_7\"", StringComparison.Ordinal)
            ) with
            {
                Topic = record.Topic.Replace("public", "all_shards", StringComparison.Ordinal),
            },
        ["flattened"] = Flat,
        ["ids as texts"] = record => Keyed(record.With(text => TextIds(text)), ""),
        ["fields in another order"] = record =>
            record.With(text =>
                new JsonObject(
                    JsonNode.Parse(text)!.AsObject().Reverse().Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))
                ).ToJsonString()
            ),
        ["a tombstone as the text null"] = record => record.Value is null ? record with { Value = "null"u8.ToArray() } : record,
    };

    public static TheoryData<string> Names => [.. Forms.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_form_of_the_same_changes_shows_the_same_rows(string form)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        StreamRecord[] life =
        [
            made.User(1, op: "r", snapshot: "true"),
            made.Event(1),
            made.Bet(1, Made.Columns(), op: "r", snapshot: "true"),
            made.Bet(2, Made.Columns("\"amount\":\"0.07\"")),
            made.Bet(3, Made.Columns()),
            made.Bet(
                1,
                Made.Columns("\"status\":\"SETTLED\"", "\"payout\":\"25.50\"", "\"settled_at\":\"2026-01-02T00:00:00.000001Z\""),
                op: "u"
            ),
            made.Delete("bets", 3),
            made.Record("bets", """{"id":3}""", null),
            made.User(1, "\"name\":\"Grace\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"", op: "u"),
        ];
        await sink.ReplayAsync(life.Select(record => Forms[form](record)));
        Assert.Empty(sink.DeadLetters.Select(letter => $"{letter.Reason} {letter.Field}"));
        Assert.Equal(
            [
                "1|SETTLED|10.00|25.50|2026-01-01 10:00:00.000000|2026-01-02 00:00:00.000001|1|Grace|1|Cup|SCHEDULED|",
                "2|OPEN|0.07|-|2026-01-01 10:00:00.000000|-|1|Grace|1|Cup|SCHEDULED|",
            ],
            await sink.QueryAsync(
                """
                SELECT bet_id, bet_status, toDecimalString(bet_amount, 2), ifNull(toDecimalString(payout, 2), '-'), toString(placed_at),
                ifNull(toString(settled_at), '-'),
                    user_id, user_name, event_id, event_name, event_status, arrayStringConcat(marks, ' ')
                FROM bets_analytics ORDER BY bet_id
                """
            )
        );
    }

    static StreamRecord Wrapped(StreamRecord record, Func<string, string, string> wrap)
    {
        var (value, key) = (
            record.With(text => wrap("{\"type\":\"struct\",\"fields\":[],\"optional\":false,\"name\":\"Envelope\"}", text)),
            Encoding.UTF8.GetString(record.Key!)
        );
        return value with { Key = Encoding.UTF8.GetBytes(wrap("{\"type\":\"struct\",\"fields\":[]}", key)) };
    }

    static StreamRecord Keyed(StreamRecord record, string more) =>
        record with
        {
            Key = Encoding.UTF8.GetBytes(
                TextIds(Encoding.UTF8.GetString(record.Key!), more.Length > 0).Replace("}", more + "}", StringComparison.Ordinal)
            ),
        };

    static string TextIds(string json, bool leave = false) =>
        leave ? json : System.Text.RegularExpressions.Regex.Replace(json, "\"(id|user_id|event_id)\":(\\d+)", "\"$1\":\"$2\"");

    static StreamRecord Flat(StreamRecord record) =>
        record.With(text =>
        {
            var envelope = JsonNode.Parse(text)!.AsObject();
            var row = envelope["after"]?.DeepClone().AsObject() ?? JsonNode.Parse(record.Key)!.AsObject();
            var source = envelope["source"]!;
            row["__deleted"] = envelope["after"] is null ? "true" : "false";
            row["__op"] = envelope["op"]!.DeepClone();
            row["__table"] = source["table"]!.DeepClone();
            row["__lsn"] = source["lsn"]!.DeepClone();
            row["__source_ts_ms"] = source["ts_ms"]!.DeepClone();
            row["__source_txId"] = source["txId"]?.DeepClone();
            row["__source_snapshot"] = source["snapshot"]!.DeepClone();
            return row.ToJsonString();
        });
}
