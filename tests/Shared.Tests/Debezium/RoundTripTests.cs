using Betting.Debezium;
using Betting.Tests.Fixtures;
using CsCheck;
using Xunit;

namespace Betting.Tests.Shared.Debezium;

/// <summary>A row that is written as the connector writes it, under any of its settings, is read as itself.</summary>
public sealed class RoundTripTests
{
    // What DateTime64 can show, and within the range of nanoseconds in 64 bits; numeric(14, 2) of either sign.
    static readonly Gen<long> Micros = Gen.Long[-2_208_988_800_000_000, 9_223_372_036_854_775];
    static readonly Gen<long> Hundredths = Gen.Frequency((3, Gen.Long[-99_999_999_999_999, 99_999_999_999_999]), (1, Gen.Long[-300, 300]));

    static readonly IReadOnlyList<string> Declared = Betting.Contracts.BetStatus.All;

    static readonly Gen<BetInPostgres> Bets = Gen.Select(
            Gen.Long[1, long.MaxValue],
            Gen.Long,
            Gen.Long,
            Gen.OneOf(Gen.Int[0, Declared.Count - 1].Select(at => Declared[at]), Gen.String),
            Hundredths,
            Gen.Nullable(Hundredths),
            Micros,
            Gen.Nullable(Micros)
        )
        .Select(
            (id, user, played, status, amount, payout, placed, settled) =>
                new BetInPostgres(id, user, played, status, amount, payout, placed, settled)
        );

    static readonly Gen<AsDebezium> Settings = Gen.Select(
            Gen.Bool,
            Gen.Bool,
            Gen.Enum<DecimalMode>(),
            Gen.Enum<TimeMode>(),
            Gen.Bool,
            Gen.Int
        )
        .Select((schemas, flat, decimals, times, boolean, order) => new AsDebezium(schemas, flat, decimals, times, boolean, order))
        // Without a schema the scale of precise decimals is unknown: such records are refused, which RecordDecoderTests show.
        .Where(settings => settings.Schemas || settings.Decimals != DecimalMode.Precise);

    [Fact]
    public void A_row_reads_as_itself_under_every_setting_of_the_connector() =>
        Gen.Select(Settings, Bets, Gen.ULong[1, ChangeVersion.MaxLsn])
            .Where((_, bet, _) => IsText(bet.Status))
            .Sample(
                (settings, bet, lsn) =>
                {
                    var options = new DecoderOptions { TimeUnits = settings.Schemas ? TimeUnits.Unknown : TimeUnits.All(settings.Unit) };
                    var decoded = Given.Decode(settings.Record(bet, lsn), options);
                    Assert.Equal(
                        (RecordKind.RowChange, Operation.Create, SourceTable.Bets, (string?)null),
                        (decoded.Kind, decoded.Operation, decoded.Table, decoded.Reason)
                    );
                    Assert.Equal(
                        (bet.Id, ChangeVersion.Of(1, streamed: true, lsn), MissingColumns.None),
                        (decoded.Id, decoded.Version, decoded.MissingColumns)
                    );
                    Assert.Equal(
                        (
                            bet.UserId,
                            bet.EventId,
                            bet.Status,
                            bet.Amount,
                            bet.Payout,
                            settings.Kept(bet.PlacedAt),
                            bet.SettledAt is { } settled ? settings.Kept(settled) : (long?)null
                        ),
                        (
                            decoded.Bet.UserId,
                            decoded.Bet.EventId,
                            Given.Text(decoded.Bet.Status),
                            decoded.Bet.Amount,
                            decoded.Bet.Payout,
                            decoded.Bet.PlacedAt,
                            decoded.Bet.SettledAt
                        )
                    );
                    Assert.All(decoded.Marks ?? [], mark => Assert.Equal(("status", ValueSubstitution.Undeclared), (mark.Name, mark.Rule)));
                },
                iter: TestSize.Of(20_000, 1_000_000)
            );

    /// <summary>
    /// PostgreSQL holds no other texts: no NUL, no half of a surrogate pair; and the placeholder of an untouched value is not told from it.
    /// </summary>
    static bool IsText(string status) =>
        !status.Contains('\0', StringComparison.Ordinal) && status.EnumerateRunes().All(rune => rune.Value != 0xFFFD);
}
