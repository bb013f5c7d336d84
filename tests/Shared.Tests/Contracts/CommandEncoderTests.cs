using System.Text;
using Betting.Contracts.Commands;
using CsCheck;
using Xunit;

namespace Betting.Tests.Shared.Contracts;

/// <summary>What a .NET publisher may send is what Ingest takes, no less and no more.</summary>
public sealed class CommandEncoderTests
{
    [Fact]
    public void A_built_command_is_encoded_if_and_only_if_Ingest_takes_what_the_object_says()
    {
        var (taken, refused) = (0, new HashSet<string>());
        BuiltCommands.All.Sample(
            command =>
            {
                var json = BuiltCommands.JsonOf(command);
                var decodes = CommandDecoder.TryDecode(Encoding.UTF8.GetBytes(json), out var said, out var wrong);
                var encodes = CommandEncoder.TryEncode(command, out var bytes, out var refusal);

                Assert.True(
                    decodes == encodes,
                    $"{command}\n  object: {wrong?.ToString() ?? "taken"}\n  encoder: " + $"{refusal?.ToString() ?? "taken"}"
                );
                if (encodes)
                {
                    taken++;
                    Assert.Equal(command, said);
                    Assert.True(CommandDecoder.TryDecode(bytes, out var sent, out _));
                    Assert.Equal(command, sent);
                }
                else
                {
                    refused.Add(refusal!.Field);
                    Assert.True(
                        refusal.Field == wrong!.Field || wrong == Refusal.OfCommandSize(json.Length) || AreOfFields(refusal, wrong),
                        $"{json}: {refusal} / {wrong}"
                    );
                }
            },
            iter: 60_000,
            threads: 1
        );

        Assert.True(taken > 10_000, $"{taken} taken: the generator is one-sided");
        Assert.Equal(
            ["$", "amount", "betId", "category", "eventId", "id", "issuedAt", "name", "payout", "startTime", "status", "userId"],
            refused.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Whatever_Ingest_takes_as_text_can_be_sent_as_an_object()
    {
        var taken = 0;
        CommandText.Commands.Sample(
            written =>
            {
                if (CommandDecoder.TryDecode(Encoding.UTF8.GetBytes(written.Json), out var command, out _))
                {
                    taken++;
                    Assert.True(CommandEncoder.TryEncode(command, out var bytes, out var refusal), $"{written.Json}: {refusal}");
                    Assert.True(CommandDecoder.TryDecode(bytes, out var again, out _));
                    Assert.Equal(command, again);
                }
            },
            iter: 30_000,
            threads: 1
        );
        Assert.True(taken > 2_000, $"{taken} taken: the generator is one-sided");
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_never_written_as_another_character()
    {
        var cut = new RegisterUser(Guid.NewGuid(), DateTime.UnixEpoch.AddYears(50), 1, "Ada 😀"[..5]);

        Assert.StartsWith(
            @"name: write text in which every \uD8xx has its \uDCxx",
            Assert.Throws<ArgumentException>(() => CommandEncoder.Encode(cut)).Message,
            StringComparison.Ordinal
        );
        Assert.True(CommandEncoder.TryEncode(cut with { Name = "Ada 😀\uFFFD" }, out _, out _));
    }

    [Theory]
    [InlineData("0.001")]
    [InlineData("-1.239")]
    [InlineData("92233720368547758.08")]
    [InlineData("79228162514264337593543950335")]
    public void An_amount_that_money_cannot_hold_is_refused_and_not_rounded(string amount) =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Money.FromDecimal(decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture))
        );

    [Theory]
    [InlineData("1.2300", "1.23")]
    [InlineData("92233720368547758.07", "92233720368547758.07")]
    [InlineData("-92233720368547758.08", "-92233720368547758.08")]
    public void Money_of_a_decimal_is_the_same_amount(string amount, string money) =>
        Assert.Equal(money, Money.FromDecimal(decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture)).ToString());

    // Of several wrong fields each names the first one in its own order. What is too large has a text that is too long, and the encoder
    // names the field.
    static bool AreOfFields(Refusal refusal, Refusal wrong) => refusal.Field != Refusal.Document && wrong.Field != Refusal.Document;
}
