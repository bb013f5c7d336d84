using System.Text.Json;
using Betting.Local.Bench.Figures;
using Xunit;

namespace Betting.Tests.Local.Bench;

public sealed class FigureTests
{
    static readonly Figure Limit = new("ingest", "limit", new Samples(20_000, 30_000, 25_000), "commands/s");

    static readonly Figure Rate = new("ingest", "rate", new Samples(15_000, 18_000, 20_000), "commands/s")
    {
        Peer = new Peer("limit", Limit.Samples),
        Target = Target.AtLeast(0.7),
        Note = "from the first commit",
    };

    static readonly Figure Latency = new("ingest", "p95", new Samples(61.5), "ms") { Target = Target.Below(50) };

    [Fact]
    public void A_target_is_for_the_ratio_where_there_is_one_and_else_for_the_value()
    {
        Assert.Equal(0.75, Rate.Ratio);
        Assert.True(Rate.IsMet);
        Assert.False(Latency.IsMet);
        Assert.Null(Limit.IsMet);
    }

    [Theory]
    [InlineData(0.7, true, 0.7, true)]
    [InlineData(0.7, true, 0.6999, false)]
    [InlineData(50, false, 50, false)]
    [InlineData(50, false, 49.9, true)]
    public void At_least_includes_its_bound_and_below_does_not(double bound, bool isLeast, double number, bool met)
    {
        Assert.Equal(met, new Target(bound, isLeast).IsMetBy(number));
    }

    [Fact]
    public void The_table_is_aligned_and_says_what_is_missed()
    {
        var expected = """
                        value  unit        spread  limit or peer  its value  ratio  target  met
            ingest
              limit    25,000  commands/s     40%
              rate [1] 18,000  commands/s     28%  limit             25,000   0.75   ≥ 0.7  yes
              p95        61.5  ms               –                                     < 50  NO
            [1] from the first commit

            """;

        Assert.Equal(Squeezed(expected), Squeezed(FigureTable.Write([Limit, Rate, Latency])));
        var columns = FigureTable
            .Write([Limit, Rate, Latency])
            .Split('\n')
            .Take(4)
            .Select(line => line.IndexOf("commands/s", StringComparison.Ordinal))
            .Where(at => at >= 0);
        Assert.Single(columns.Distinct());
    }

    [Theory]
    [InlineData(1234567.8, "1,234,568")]
    [InlineData(99.95, "100.0")]
    [InlineData(12.34, "12.3")]
    [InlineData(0.876, "0.88")]
    public void A_number_has_as_many_digits_as_mean_something(double value, string text)
    {
        Assert.Equal(text, FigureTable.Number(value));
    }

    [Fact]
    public void The_JSON_has_every_repetition_and_no_ratio_where_there_is_none()
    {
        var figures = JsonDocument.Parse(FigureJson.Write([Rate, Latency], quick: true)).RootElement;

        Assert.True(figures.GetProperty("quick").GetBoolean());
        var (rate, latency) = (figures.GetProperty("figures")[0], figures.GetProperty("figures")[1]);
        Assert.Equal([15_000, 18_000, 20_000], rate.GetProperty("repetitions").EnumerateArray().Select(value => value.GetDouble()));
        Assert.Equal(
            (0.75, "≥ 0.7", true),
            (rate.GetProperty("ratio").GetDouble(), rate.GetProperty("target").GetString(), rate.GetProperty("met").GetBoolean())
        );
        Assert.Equal(JsonValueKind.Null, latency.GetProperty("ratio").ValueKind);
    }

    // The words of each line, whatever stands between them; alignment is looked at apart.
    static string Squeezed(string text) =>
        string.Join('\n', text.Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
}
