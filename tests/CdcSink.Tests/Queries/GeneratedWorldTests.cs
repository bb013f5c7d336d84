using System.Globalization;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>Every query of docs/queries against the same question in PostgreSQL, on histories that nobody has counted on paper.</summary>
public sealed class GeneratedWorldTests(Servers servers)
{
    [Theory]
    [InlineData(1, 60)]
    [InlineData(2, 400)]
    [InlineData(3, 400)]
    [InlineData(4, 1500)]
    public async Task A_query_of_the_docs_answers_as_PostgreSQL_does(int seed, int steps)
    {
        var world = new GeneratedWorld(seed, steps);
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync(world.Log.Records);
        Assert.Empty(sink.DeadLetters);
        await sink.VisibleUntilAsync("2026-01-01T00:00:00Z");
        await using var postgres = await PostgresWorld.CreateAsync(servers, world.Log);

        var differences = await DifferencesAsync(sink, postgres, world, seed);

        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    /// <summary>Asks both sides each question, with several values of its parameters.</summary>
    /// <returns>A line for each answer that differs.</returns>
    internal static async Task<List<string>> DifferencesAsync(SinkUnderTest sink, PostgresWorld postgres, GeneratedWorld world, int seed)
    {
        var differences = new List<string>();
        foreach (var name in QueryTests.Files().Select(file => file.Data))
        {
            for (var repetition = 0; repetition < 3; repetition++)
            {
                var moment = world.Moment();
                Dictionary<string, string> parameters = new(StringComparer.Ordinal)
                {
                    ["moment"] = moment.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                    ["user"] = (1 + (seed + repetition * 3) % 13).ToString(CultureInfo.InvariantCulture),
                    ["from"] = moment.Date.AddDays(-20 * repetition).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                    ["to"] = moment.Date.AddDays(12).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                    ["limit"] = "5",
                };
                var expected = await postgres.AskAsync(name, parameters);
                var answer = await AskClickHouseAsync(sink, name, parameters);
                if (expected.Count != answer.Count || expected.Zip(answer).Any(rows => !AreSame(rows.First, rows.Second)))
                {
                    var at = expected.Zip(answer).TakeWhile(rows => AreSame(rows.First, rows.Second)).Count();
                    differences.Add(
                        $"{name} {string.Join(' ', parameters.Values)}, row {at} of {expected.Count} and {answer.Count}: "
                            + $"PostgreSQL {expected.ElementAtOrDefault(at)}, ClickHouse {answer.ElementAtOrDefault(at)}"
                    );
                }
            }
        }
        return differences;
    }

    static async Task<List<string>> AskClickHouseAsync(SinkUnderTest sink, string name, Dictionary<string, string> parameters)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Installed.ProjectRoot, "docs", "queries", name + ".sql"));
        var given = parameters.Select(each => KeyValuePair.Create("param_" + each.Key, (string?)each.Value));
        var answer = await QueryTests.AnswerAsync(sink, text[..text.IndexOf(';', StringComparison.Ordinal)], given);
        return [.. answer.Where(row => row.Length > 0)];
    }

    /// <summary>
    /// Texts are equal, money and counts too. A share or a mean, which PostgreSQL gives with all its digits, is equal in those that the
    /// query shows.
    /// </summary>
    static bool AreSame(string expected, string answer)
    {
        var (left, right) = (expected.Split(" | "), answer.Split(" | "));
        return left.Length == right.Length
            && left.Zip(right)
                .All(pair =>
                    pair.First == pair.Second
                    || (
                        decimal.TryParse(pair.First, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact)
                        && decimal.TryParse(pair.Second, NumberStyles.Float, CultureInfo.InvariantCulture, out var rounded)
                        && Math.Abs(exact - rounded)
                            <= (
                                exact.Scale <= 2 ? 0
                                : Math.Abs(exact) < 1 ? 0.0001m
                                : 0.01m
                            )
                    )
                );
    }
}
