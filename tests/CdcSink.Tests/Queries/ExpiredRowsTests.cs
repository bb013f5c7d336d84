using System.Globalization;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>
/// The queries of docs/queries where <c>CdcSink migrate --keep</c> lets rows expire in the middle of a generated history: what they show is
/// what PostgreSQL shows of whole months, or of the days of which no row has expired.
/// </summary>
public sealed class ExpiredRowsTests(Servers servers)
{
    const string Kept = "SELECT toString(whole_days), toString(whole_months) FROM kept_since";

    [Theory]
    [InlineData(5, 400, true)]
    [InlineData(6, 1500, true)]
    [InlineData(5, 400, false)]
    public async Task A_query_of_the_docs_shows_nothing_of_what_may_have_expired(int seed, int steps, bool isMerged)
    {
        var world = new GeneratedWorld(seed, steps);
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync(world.Log.Records);
        await sink.VisibleUntilAsync("2026-01-01T00:00:00Z");
        await using var postgres = await PostgresWorld.CreateAsync(servers, world.Log);
        var all = await CountAsync(sink);

        await new RowStorage(null, "cold", 0, MonthsSince(GeneratedWorld.Begin.AddDays(100))).ApplyAsync(
            sink.ConnectionString,
            null,
            CancellationToken.None
        );
        if (isMerged)
        {
            await sink.QueryAsync("OPTIMIZE TABLE bets_analytics_rows FINAL");
            Assert.InRange(await CountAsync(sink), all / 10, all - 10);
        }

        Assert.Empty(await DifferencesAsync(sink, postgres, world, seed));
    }

    // At midnight one day more expires: then the two sides may have been asked about different days.
    static async Task<List<string>> DifferencesAsync(SinkUnderTest sink, PostgresWorld postgres, GeneratedWorld world, int seed)
    {
        while (true)
        {
            var kept = await sink.QueryAsync(Kept);
            var times = kept[0].Split('|');
            await postgres.KeepSinceAsync(times[0], times[1]);
            var differences = await GeneratedWorldTests.DifferencesAsync(sink, postgres, world, seed);
            if ((await sink.QueryAsync(Kept)).SequenceEqual(kept))
            {
                return differences;
            }
        }
    }

    static int MonthsSince(DateTime moment)
    {
        var now = TimeProvider.System.GetUtcNow();
        return (now.Year - moment.Year) * 12 + now.Month - moment.Month;
    }

    static async Task<long> CountAsync(SinkUnderTest sink) =>
        long.Parse((await sink.QueryAsync("SELECT count() FROM bets_analytics"))[0], CultureInfo.InvariantCulture);
}
