using System.Text;
using Betting.Contracts.Commands;
using CsCheck;
using Xunit;

namespace Betting.Tests.Shared.Contracts;

public sealed class CommandRoundTripTests
{
    [Fact]
    public void A_retry_that_stamps_the_moment_anew_has_the_same_content()
    {
        foreach (var command in Samples.All)
        {
            Assert.Equal(
                CommandHash.Of(command),
                CommandHash.Of(command with { IssuedAt = command.IssuedAt.AddSeconds(1), Id = Guid.NewGuid() })
            );
        }
    }

    [Fact]
    public void Any_other_value_is_other_content()
    {
        BetCommand[] different =
        [
            .. Samples.All,
            new RegisterUser(Guid.NewGuid(), DateTime.UnixEpoch, 1, "a\ncategory=1:b"),
            new RegisterUser(Guid.NewGuid(), DateTime.UnixEpoch, 1, "a"),
            new RegisterUser(Guid.NewGuid(), DateTime.UnixEpoch, 2, "a"),
            new ChangeEvent(Guid.NewGuid(), DateTime.UnixEpoch, 1, "a", null, null, null),
            new ChangeEvent(Guid.NewGuid(), DateTime.UnixEpoch, 1, null, "a", null, null),
            new SettleBet(Guid.NewGuid(), DateTime.UnixEpoch, 1, new Money(10)),
            new CashOutBet(Guid.NewGuid(), DateTime.UnixEpoch, 1, new Money(10)),
            new CashOutBet(Guid.NewGuid(), DateTime.UnixEpoch, 1, new Money(100)),
            new CashOutBet(Guid.NewGuid(), DateTime.UnixEpoch, 1, new Money(100), UserId: 1),
        ];

        Assert.Equal(different.Length, different.Select(command => Convert.ToHexString(CommandHash.Of(command))).Distinct().Count());
    }

    [Fact]
    public void Whatever_bytes_come_there_is_a_command_or_a_refusal_and_a_command_reads_as_it_was_written()
    {
        var samples = Samples.All.Select(CommandEncoder.Encode).ToArray();
        Gen.Select(Gen.Int[0, samples.Length - 1], Gen.Int[0, 10_000].Array[0, 4], Gen.Byte.Array[0, 4])
            .Sample(
                (sample, places, bytes) =>
                {
                    var mutated = Mutate(samples[sample], places, bytes);
                    if (!CommandDecoder.TryDecode(mutated, out var command, out var refusal))
                    {
                        Assert.NotEmpty(refusal.Field);
                        return;
                    }
                    Assert.True(
                        CommandDecoder.TryDecode(CommandEncoder.Encode(command), out var again, out _),
                        Encoding.UTF8.GetString(mutated)
                    );
                    Assert.Equal(command, again);
                },
                iter: 100_000
            );
    }

    // Overwrites, and cuts where a byte is left over.
    static byte[] Mutate(byte[] json, int[] places, byte[] bytes)
    {
        var mutated = (byte[])json.Clone();
        for (var i = 0; i < Math.Min(places.Length, bytes.Length); i++)
        {
            mutated[places[i] % mutated.Length] = bytes[i];
        }
        return places.Length > bytes.Length ? mutated[..(places[^1] % mutated.Length)] : mutated;
    }
}
