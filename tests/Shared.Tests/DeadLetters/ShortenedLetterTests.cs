using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Betting.DeadLetters;
using CsCheck;
using Xunit;

namespace Betting.Tests.Shared.DeadLetters;

/// <summary>What stays of a dead letter that no broker takes whole.</summary>
public sealed class ShortenedLetterTests
{
    static readonly string[] Own =
    [
        "dead-letter.reason",
        "dead-letter.topic",
        "dead-letter.partition",
        "dead-letter.offset",
        "dead-letter-from",
        "dead-letter-at",
    ];

    static readonly Gen<byte[]> Bytes = Gen.OneOf(Gen.Byte.Array[0, 40], Gen.Int[0, 60_000].Select(Filled));

    static readonly Gen<LetterHeader> Foreign = Gen.Select(
        Gen.OneOf(Gen.String[0, 20], Gen.Const(new string('n', 5000))),
        Bytes.Null(),
        (name, value) => new LetterHeader(name, value)
    );

    static readonly Gen<LetterContent> Letters = Gen.Select(Bytes.Null(), Bytes.Null(), Foreign.Array[0, 8], (key, body, headers) =>
        new LetterContent(
            key,
            body,
            [.. headers, .. Own.Select(name => new LetterHeader(name, Encoding.UTF8.GetBytes("value of " + name)))]
        )
    );

    [Fact]
    public void ShortLettersStayAsTheyAre() => Letters.Sample(letter => Assert.Same(letter, ShortenedLetter.Of(letter, int.MaxValue)));

    [Fact]
    public void EachFitsItsLimitAndKeepsWhatFindsTheOriginal() =>
        Gen.Select(Letters, Gen.Int[ShortenedLetter.LeastLimit, 50_000])
            .Sample(
                (whole, limit) =>
                {
                    var letter = ShortenedLetter.Of(whole, limit);
                    Assert.True(letter.Size <= limit, $"{letter.Size} > {limit}");
                    if (ReferenceEquals(letter, whole))
                    {
                        return;
                    }
                    Assert.All(Own, name => Assert.Equal("value of " + name, Header(letter, name)));
                    Assert.NotEqual("", Header(letter, LetterHeaders.Truncated));
                    if (whole.Body is { } body)
                    {
                        Assert.Equal(body.Length.ToString(CultureInfo.InvariantCulture), Header(letter, LetterHeaders.Size));
                        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(body.Span)), Header(letter, LetterHeaders.Sha256));
                        Assert.True(body.Span.StartsWith(letter.Body!.Value.Span));
                    }
                    Assert.Equal(whole.Body is null, letter.Body is null);
                    Assert.True((whole.Key ?? default).Span.StartsWith((letter.Key ?? default).Span));
                }
            );

    [Fact]
    public void WhatWasLeftOutBeforeStaysSaid()
    {
        LetterHeader[] before =
        [
            new(LetterHeaders.Truncated, "headers,body"u8.ToArray()),
            new(LetterHeaders.Size, "9000000"u8.ToArray()),
            new(LetterHeaders.Sha256, "ab"u8.ToArray()),
        ];
        var letter = ShortenedLetter.Of(new LetterContent(null, Filled(60_000), before), ShortenedLetter.LeastLimit);
        Assert.Equal(
            ("headers,body", "9000000", "ab"),
            (Header(letter, LetterHeaders.Truncated), Header(letter, LetterHeaders.Size), Header(letter, LetterHeaders.Sha256))
        );
        letter = ShortenedLetter.Of(
            new LetterContent(null, Filled(60_000), [new(LetterHeaders.Truncated, "headers"u8.ToArray())]),
            ShortenedLetter.LeastLimit
        );
        Assert.Equal(("headers,body", "60000"), (Header(letter, LetterHeaders.Truncated), Header(letter, LetterHeaders.Size)));
    }

    [Fact]
    public void TheFirstBytesOfTheBodyFillTheLimit()
    {
        var letter = ShortenedLetter.Of(new LetterContent(null, Filled(1_500_000), []), 100_000);
        Assert.InRange(letter.Size, 99_000, 100_000);
        Assert.Equal("body", Header(letter, LetterHeaders.Truncated));
    }

    [Fact]
    public void AHeaderThatAPublisherWroteUnderAWorkersNameIsCut()
    {
        var letter = ShortenedLetter.Of(
            new LetterContent(
                null,
                Filled(10),
                [new("dead-letter.reason", Filled(900_000)), new("dead-letter.reason", "not-json"u8.ToArray())]
            ),
            ShortenedLetter.LeastLimit
        );
        Assert.Equal("not-json", Header(letter, "dead-letter.reason"));
        Assert.Equal(10, letter.Body?.Length);
    }

    static string? Header(LetterContent letter, string name) =>
        letter.Headers.LastOrDefault(header => header.Name == name).Value is { } value ? Encoding.UTF8.GetString(value.Span) : null;

    static byte[] Filled(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
