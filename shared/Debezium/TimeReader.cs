using System.Text.Json;

namespace Betting.Debezium;

/// <summary>
/// Reads a time in whichever form <c>time.precision.mode</c> and the column's type gave it: text of <c>timestamptz</c>, or a count
/// of a <c>timestamp</c>, which is taken as UTC, as Debezium takes it.
/// </summary>
static class TimeReader
{
    // PostgreSQL's JDBC driver gives these for ±infinity of a timestamp, so that is how they come, as a count or as a text.
    const long DriverInfinity = 9_223_372_036_825_200_000;
    const long DriverMinusInfinity = -9_223_372_036_832_400_000;

    /// <param name="reader">Stands at the value.</param>
    /// <param name="unit">What a number counts.</param>
    /// <param name="micros">Microseconds since 1970 UTC.</param>
    /// <param name="mark">Null, or the <see cref="ValueSubstitution"/> that says why the tables cannot show it.</param>
    /// <returns>Null, or a <see cref="RejectReason"/>.</returns>
    public static string? Read(ref Utf8JsonReader reader, TimeUnit unit, out long micros, out string? mark)
    {
        micros = 0;
        mark = reader.TokenType == JsonTokenType.Null ? ValueSubstitution.Null : null;
        var problem = reader.TokenType switch
        {
            JsonTokenType.Null => null,
            JsonTokenType.String => PostgresTime.TryParse(reader.ValueSpan, out micros),
            JsonTokenType.Number => unit == TimeUnit.Unknown ? RejectReason.UnknownUnit : FromCount(ref reader, unit, out micros),
            _ => RejectReason.WrongType,
        };
        if (problem is not null || mark is not null)
            return problem;
        micros =
            micros == DriverInfinity ? PostgresTime.Infinity
            : micros == DriverMinusInfinity ? PostgresTime.MinusInfinity
            : micros;
        mark =
            micros is PostgresTime.Infinity or PostgresTime.MinusInfinity ? ValueSubstitution.Infinite
            : micros is < PostgresTime.EarliestShown or > PostgresTime.LatestShown ? ValueSubstitution.Clamped
            : null;
        return null;
    }

    static string? FromCount(ref Utf8JsonReader reader, TimeUnit unit, out long micros)
    {
        micros = 0;
        if (!JsonText.TryReadInteger(ref reader, out var count))
            return RejectReason.WrongType;
        var wide = unit switch
        {
            TimeUnit.Days => OfDays(count),
            TimeUnit.Milliseconds => (Int128)count * 1000,
            // PostgreSQL's own resolution is microseconds: nothing is cut off.
            TimeUnit.Nanoseconds => OfNanoseconds(count),
            _ => count,
        };
        micros =
            wide == PostgresTime.Infinity ? PostgresTime.Infinity
            : wide == PostgresTime.MinusInfinity ? PostgresTime.MinusInfinity
            : PostgresTime.Nearest(wide);
        return null;
    }

    // What Debezium 3.6.1 writes for the infinities of a date, in a snapshot and in the stream: days before any that PostgreSQL has.
    static Int128 OfDays(long count) =>
        count switch
        {
            -622_191_234 or -2_147_472_692 => PostgresTime.Infinity,
            -625_821_272 or -2_147_472_691 => PostgresTime.MinusInfinity,
            _ => (Int128)count * 86_400_000_000,
        };

    // Debezium multiplies the driver's infinities into nanoseconds and gets the ends of 64 bits, which no finite time has.
    static Int128 OfNanoseconds(long count) => count is long.MaxValue or long.MinValue ? count : count / 1000;
}
