using System.Security.Cryptography;
using Betting.DeadLetters;
using Betting.Ingest.Messages;
using Betting.Ingest.Receive.RabbitMq;
using Microsoft.Extensions.Time.Testing;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Receive.RabbitMq;

/// <summary>A message that comes again is known, whether it was cut the first time, the second time or never.</summary>
public sealed class PutAsideMemoryTests
{
    readonly FakeTimeProvider _clock = new();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_message_is_known_once_for_each_time_that_it_was_put_aside(bool isCutFirst, bool isCutAgain)
    {
        var memory = new PutAsideMemory(_clock);
        var body = RandomNumberGenerator.GetBytes(50_000);
        memory.Remember(Message(body, isCutFirst, "m-1"));
        memory.Remember(Message(body, isCutFirst, "m-1"));

        Assert.False(memory.TryTake(Message(body, isCutAgain, "m-2")));
        Assert.False(memory.TryTake(Message([.. body, 1], isCutAgain, "m-1")));
        Assert.True(memory.TryTake(Message(body, isCutAgain, "m-1")));
        Assert.True(memory.TryTake(Message(body, isCutAgain, "m-1")));
        Assert.False(memory.TryTake(Message(body, isCutAgain, "m-1")));
    }

    [Fact]
    public void After_a_minute_it_is_forgotten()
    {
        var memory = new PutAsideMemory(_clock);
        memory.Remember(Message([1], false, "m-1"));
        _clock.Advance(TimeSpan.FromSeconds(61));

        Assert.False(memory.TryTake(Message([1], false, "m-1")));
    }

    [Fact]
    public void A_message_that_was_sent_back_from_the_dead_letters_or_has_other_headers_is_another_one()
    {
        var memory = new PutAsideMemory(_clock);
        memory.Remember(Message([1], false, "m-1", ("attempt", "1")));

        Assert.False(memory.TryTake(Message([1], false, "m-1", ("attempt", "1"), (LetterHeaders.Replays, "1"))));
        Assert.False(memory.TryTake(Message([1], false, "m-1", ("attempt", "2"))));
        Assert.True(memory.TryTake(Message([1], false, "m-1", ("attempt", "1"))));
    }

    // The broker adds a header to what it delivers again; a cut message has none.
    static Delivery Message(byte[] body, bool isCut, string id, params (string Name, string Value)[] headers) =>
        new(isCut ? body[..4000] : body, null, "")
        {
            Original = new BasicProperties
            {
                MessageId = id,
                Headers = isCut
                    ? null
                    : new Dictionary<string, object?>(headers.Select(header => KeyValuePair.Create(header.Name, (object?)header.Value)))
                    {
                        ["x-delivery-count"] = body.Length,
                    },
            },
            Cut = isCut
                ? [new(LetterHeaders.Truncated, "headers,body"), new(LetterHeaders.Sha256, Convert.ToHexStringLower(SHA256.HashData(body)))]
                : [],
        };
}
