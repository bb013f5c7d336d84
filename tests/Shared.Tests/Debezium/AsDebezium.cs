using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Betting.Debezium;

namespace Betting.Tests.Shared.Debezium;

/// <summary>
/// How <c>decimal.handling.mode</c> writes a numeric; <see cref="Unscaled"/> is <c>precise</c> for a column without a scale.
/// </summary>
enum DecimalMode
{
    Precise,
    Unscaled,
    Text,
    Double,
}

/// <summary>
/// How a time is written: a <c>timestamptz</c>, or a <c>timestamp</c> under one of the values of <c>time.precision.mode</c>.
/// </summary>
enum TimeMode
{
    Zoned,
    Isostring,
    Adaptive,
    AdaptiveMillis,
    Connect,
    Nanoseconds,
}

/// <summary>A bet as it is in PostgreSQL. Amounts in hundredths, times in microseconds since 1970.</summary>
sealed record BetInPostgres(long Id, long UserId, long EventId, string Status, long Amount, long? Payout, long PlacedAt, long? SettledAt);

/// <summary>Writes a bet's change as the connector does under these settings.</summary>
sealed record AsDebezium(bool Schemas, bool Flat, DecimalMode Decimals, TimeMode Times, bool BooleanSnapshot, int FieldOrder)
{
    static readonly Dictionary<TimeMode, string> TimeNames = new()
    {
        [TimeMode.Zoned] = "io.debezium.time.ZonedTimestamp",
        [TimeMode.Isostring] = "io.debezium.time.IsoTimestamp",
        [TimeMode.Adaptive] = "io.debezium.time.MicroTimestamp",
        [TimeMode.AdaptiveMillis] = "io.debezium.time.Timestamp",
        [TimeMode.Connect] = "org.apache.kafka.connect.data.Timestamp",
        [TimeMode.Nanoseconds] = "io.debezium.time.NanoTimestamp",
    };

    /// <summary>What an operator has to say where no schema does.</summary>
    public TimeUnit Unit =>
        Times switch
        {
            TimeMode.Adaptive => TimeUnit.Microseconds,
            TimeMode.AdaptiveMillis or TimeMode.Connect => TimeUnit.Milliseconds,
            TimeMode.Nanoseconds => TimeUnit.Nanoseconds,
            _ => TimeUnit.Unknown,
        };

    /// <summary>What is left of a time on this way.</summary>
    public long Kept(long micros) => Unit == TimeUnit.Milliseconds ? FloorDiv(micros, 1000) * 1000 : micros;

    public StreamRecord Record(BetInPostgres bet, ulong lsn)
    {
        string[] columns =
        [
            $"\"id\":{bet.Id}",
            $"\"user_id\":{bet.UserId}",
            $"\"event_id\":{bet.EventId}",
            $"\"status\":{JsonSerializer.Serialize(bet.Status)}",
            $"\"amount\":{Decimal(bet.Amount)}",
            $"\"payout\":{(bet.Payout is { } payout ? Decimal(payout) : "null")}",
            $"\"placed_at\":{Time(bet.PlacedAt)}",
            $"\"settled_at\":{(bet.SettledAt is { } settled ? Time(settled) : "null")}",
        ];
        var random = new Random(FieldOrder);
        random.Shuffle(columns);
        string[] source =
        [
            "\"version\":\"3.6.1.Final\"",
            "\"connector\":\"postgresql\"",
            "\"ts_ms\":1795367457367",
            BooleanSnapshot ? "\"snapshot\":false" : "\"snapshot\":\"false\"",
            $"\"sequence\":\"[\\\"8\\\",\\\"{lsn}\\\"]\"",
            "\"schema\":\"public\"",
            "\"table\":\"bets\"",
            "\"txId\":748",
            $"\"lsn\":{lsn}",
            "\"xmin\":null",
        ];
        random.Shuffle(source);
        string[] fields = Flat
            ?
            [
                .. columns,
                "\"__op\":\"c\"",
                "\"__table\":\"bets\"",
                $"\"__lsn\":{lsn}",
                "\"__source_ts_ms\":1795367457367",
                "\"__source_txId\":748",
                "\"__deleted\":\"false\"",
            ]
            :
            [
                "\"before\":null",
                $"\"after\":{{{string.Join(',', columns)}}}",
                $"\"source\":{{{string.Join(',', source)}}}",
                "\"op\":\"c\"",
                "\"ts_ms\":1",
                "\"transaction\":null",
            ];
        random.Shuffle(fields);
        var payload = $"{{{string.Join(',', fields)}}}";
        return Given.Record(
            Schemas ? $"{{\"schema\":{Schema()},\"payload\":{payload}}}" : payload,
            Schemas ? $"{{\"schema\":{{\"type\":\"struct\"}},\"payload\":{{\"id\":{bet.Id}}}}}" : $"{{\"id\":{bet.Id}}}"
        );
    }

    string Schema()
    {
        string Money(string column) =>
            Decimals switch
            {
                DecimalMode.Precise =>
                    $$"""{"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2","connect.decimal.precision":"14"},"field":"{{column}}"}""",
                DecimalMode.Unscaled =>
                    $$"""{"type":"struct","fields":[{"type":"int32","optional":false,"field":"scale"},{"type":"bytes","optional":false,"field":"value"}],"optional":true,"name":"io.debezium.data.VariableScaleDecimal","version":1,"field":"{{column}}"}""",
                DecimalMode.Double => $$"""{"type":"double","optional":true,"field":"{{column}}"}""",
                _ => $$"""{"type":"string","optional":true,"field":"{{column}}"}""",
            };
        var type = Unit == TimeUnit.Unknown ? "string" : "int64";
        string Moment(string column) =>
            $$"""{"type":"{{type}}","optional":true,"name":"{{TimeNames[Times]}}","version":1,"field":"{{column}}"}""";
        var row =
            $$"""{"type":"int64","optional":false,"field":"id"},{"type":"string","optional":false,"field":"status"},{{Money("amount")}},{{Money("payout")}},{{Moment("placed_at")}},{{Moment("settled_at")}}""";
        return Flat
            ? $$"""{"type":"struct","fields":[{{row}},{"type":"string","optional":true,"field":"__op"}],"optional":false,"name":"betting.public.bets.Value"}"""
            : $$"""{"type":"struct","fields":[{"type":"struct","fields":[{{row}}],"optional":true,"field":"before"},{"type":"struct","fields":[{{row}}],"optional":true,"field":"after"},{"type":"string","optional":false,"field":"op"}],"optional":false,"name":"betting.public.bets.Envelope"}""";
    }

    string Decimal(long hundredths)
    {
        var base64 = Convert.ToBase64String(new BigInteger(hundredths).ToByteArray(isUnsigned: false, isBigEndian: true));
        return Decimals switch
        {
            DecimalMode.Precise => $"\"{base64}\"",
            DecimalMode.Unscaled => $"{{\"scale\":2,\"value\":\"{base64}\"}}",
            DecimalMode.Double => (hundredths / 100.0)
                .ToString(hundredths % 3 == 0 ? "E14" : "R", CultureInfo.InvariantCulture)
                .Replace("E+0", "E", StringComparison.Ordinal),
            _ => $"\"{hundredths / 100m:0.00}\"",
        };
    }

    string Time(long micros)
    {
        var text = DateTime.UnixEpoch.AddTicks(micros * 10).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        return Times switch
        {
            TimeMode.Zoned or TimeMode.Isostring => $"\"{text}\"",
            TimeMode.Nanoseconds => (micros * 1000).ToString(CultureInfo.InvariantCulture),
            TimeMode.Adaptive => micros.ToString(CultureInfo.InvariantCulture),
            _ => FloorDiv(micros, 1000).ToString(CultureInfo.InvariantCulture),
        };
    }

    static long FloorDiv(long value, long by) => (value - (((value % by) + by) % by)) / by;
}
