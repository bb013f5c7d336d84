using System.Text;
using Betting.Contracts.Commands;
using Betting.Ingest.Decode;
using Confluent.Kafka;
using RabbitMQ.Client;
using Headers = Confluent.Kafka.Headers;

namespace Betting.Tests.Ingest.Proof;

/// <summary>A generated message.</summary>
/// <param name="Number">Which one; the message carries it.</param>
/// <param name="Command">The id of the command in it; null where there is none.</param>
/// <param name="Body">What is sent; null for a Kafka record without a value.</param>
sealed record FuzzMessage(int Number, Guid? Command, byte[]? Body);

/// <summary>
/// Whole messages as strangers send them: bodies, envelopes, properties, headers, keys, timestamps and sizes. The same ones for the same
/// seed.
/// </summary>
sealed class MessageFuzz(int seed)
{
    public const string NumberHeader = "fuzz-number";

    static readonly string[] Texts =
    [
        "\"x\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\u0001\"",
        "null",
        "7",
        "{}",
        "[\"\\ud800\",1]",
        "{\"message\":{}}",
        "\"rabbitmq://h/v/bet-replies.x\"",
        "\"exchange:\\u0000?x\"",
        "\"\\x\"",
        "[[[[",
    ];

    static readonly string[] Fields =
    [
        "conversationId",
        "responseAddress",
        "requestId",
        "messageId",
        "sentTime",
        "headers",
        "messag\\u0065",
        "m\\ud800",
        "\\ud800message",
        "host",
        "MESSAGE",
    ];

    static readonly string?[] ContentTypes =
    [
        "application/json",
        "application/vnd.masstransit+json",
        "Application/VND.MassTransit+JSON; x",
        null,
        "",
        "\u00e9\ud83d\ude00",
    ];

    readonly Fuzz _bodies = new(seed);
    readonly Random _random = new(seed);
    int _number;

    public (FuzzMessage Message, BasicProperties Properties) NextForRabbit()
    {
        var properties = new BasicProperties
        {
            MessageId = $"{++_number}",
            Persistent = _random.Next(2) == 0,
            Headers = AmqpHeaders(),
        };
        if (Any(ContentTypes) is { } type)
        {
            properties.ContentType = type;
        }
        if (_random.Next(3) == 0)
        {
            properties.CorrelationId = ShortText();
            properties.ReplyTo = ShortText();
            properties.Timestamp = new AmqpTimestamp(_random.NextInt64(long.MinValue, long.MaxValue));
        }
        var isEnvelope = MassTransitEnvelope.IsNamedBy(properties.ContentType);
        var body = Sized(isEnvelope && _random.Next(5) > 0 ? Enveloped(_bodies.Next()) : _bodies.Next());
        var command = isEnvelope ? MassTransitEnvelope.Read(body).Message : body;
        return (new FuzzMessage(_number, IdOf(command), body), properties);
    }

    public (FuzzMessage Message, Message<byte[]?, byte[]?> Record) NextForKafka()
    {
        var headers = new Headers { { NumberHeader, Encoding.ASCII.GetBytes($"{++_number}") } };
        for (var more = _random.Next(4); more > 0; more--)
        {
            headers.Add(
                Any("traceparent", "tracestate", "", "dead-letter-handled", "dead-letter.truncated", "\u0001", "\u00e9"),
                _random.Next(4) == 0 ? null : Noise(_random.Next(300))
            );
        }
        var body = _random.Next(50) == 0 ? null : Sized(_bodies.Next());
        var moment = _random.Next(3) switch
        {
            0 => 1_780_000_000_000_000,
            1 => _random.NextInt64(0, long.MaxValue),
            _ => 1_780_000_000_000,
        };
        var record = new Message<byte[]?, byte[]?>
        {
            Key = _random.Next(3) == 0 ? null : Noise(_random.Next(40)),
            Value = body,
            Headers = headers,
            Timestamp = new Timestamp(moment, TimestampType.CreateTime),
        };
        return (new FuzzMessage(_number, body is null ? null : IdOf(body), body), record);
    }

    static Guid? IdOf(ReadOnlyMemory<byte>? json) =>
        json is { } bytes && CommandDecoder.TryDecode(bytes.Span, out var command, out _) ? command.Id : null;

    byte[] Enveloped(byte[] command)
    {
        var before = string.Concat(Enumerable.Range(0, _random.Next(4)).Select(_ => $"\"{Any(Fields)}\":{Any(Texts)},"));
        var after = _random.Next(6) switch
        {
            0 => ",\"message\":{}}",
            1 => "} x",
            2 => "",
            3 => $",\"{Any(Fields)}\":{Any(Texts)}}}",
            _ => "}",
        };
        // U+0001 stands for a byte that is no UTF-8.
        return
        [
            .. Encoding.UTF8.GetBytes($"{{{before}\"message\":").Select(one => one == 1 ? (byte)0xff : one),
            .. command,
            .. Encoding.UTF8.GetBytes(after),
        ];
    }

    // Rarely large, up to beyond what is held whole.
    byte[] Sized(byte[] body) =>
        _random.Next(1000) switch
        {
            0 => [.. body, .. new byte[_random.Next(300_000)]],
            1 => [.. body, .. Encoding.UTF8.GetBytes(new string(' ', _random.Next(60_000)))],
            _ => body,
        };

    Dictionary<string, object?> AmqpHeaders()
    {
        var headers = new Dictionary<string, object?>();
        for (var more = _random.Next(5); more > 0; more--)
        {
            headers[
                Any("traceparent", "tracestate", "MT-Activity-Id", "dead-letter-reason", "dead-letter.size", ShortText(), ShortText())
            ] = Value(0);
        }
        return headers;
    }

    object? Value(int depth) =>
        _random.Next(depth > 3 ? 10 : 12) switch
        {
            0 => null,
            1 => _random.Next(),
            2 => new AmqpTimestamp(_random.NextInt64(long.MinValue, long.MaxValue)),
            3 => new decimal(_random.Next(), 0, 0, _random.Next(2) == 0, (byte)_random.Next(28)),
            4 => Noise(_random.Next(_random.Next(300) == 0 ? 120_000 : 200)),
            5 => new BinaryTableValue(Noise(_random.Next(20))),
            6 => ShortText(),
            7 => _random.NextDouble(),
            8 => (short)_random.Next(),
            9 => _random.Next(2) == 0,
            10 => new List<object?> { Value(depth + 1), Value(depth + 1) },
            _ => new Dictionary<string, object?> { [ShortText()] = Value(depth + 1) },
        };

    string ShortText() => string.Concat(Enumerable.Repeat(Any("x", "\u00e9", "\u0000", "\u001b[2J", "\u202e", "\n"), _random.Next(1, 40)));

    byte[] Noise(int length)
    {
        var noise = new byte[length];
        _random.NextBytes(noise);
        return noise;
    }

    T Any<T>(params T[] of) => of[_random.Next(of.Length)];
}
