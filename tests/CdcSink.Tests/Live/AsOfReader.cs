using System.Globalization;
using Betting.Local.Engines;
using ClickHouse.Driver;
using Npgsql;
using Xunit;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// Someone who compares PostgreSQL as of data_as_of with what ClickHouse shows. Bets are only ever placed, so the rows that ClickHouse
/// shows after data_as_of was read are at least those that PostgreSQL had committed by then.
/// </summary>
sealed class AsOfReader(ClickHouseClient clickHouse, string postgres) : IAsyncDisposable
{
    readonly NpgsqlDataSource _postgres = NpgsqlDataSource.Create(postgres);
    readonly List<string> _missing = [];
    long _placed;

    /// <summary>Comparisons so far.</summary>
    public int Checks { get; private set; }

    /// <summary>Those that found some of the bets visible and not all.</summary>
    public int Partial { get; private set; }

    /// <summary>Places bets, as many transactions as asked for, each with as many bets.</summary>
    public async Task PlaceAsync(int transactions, int betsEach)
    {
        // PostgreSQL may have been restarted since: the pool still holds connections that it ended.
        _postgres.Clear();
        await using var connection = await _postgres.OpenConnectionAsync();
        for (var number = 0; number < transactions; number++)
        {
            await using var place = new NpgsqlCommand(
                "INSERT INTO bets SELECT n, n % 50, n % 20, 'OPEN', 1.00, NULL, now(), NULL FROM generate_series($1, $2) n",
                connection
            );
            place.Parameters.AddWithValue(_placed + 1);
            place.Parameters.AddWithValue(_placed += betsEach);
            await place.ExecuteNonQueryAsync();
        }
    }

    /// <summary>PostgreSQL's clock.</summary>
    public async Task<DateTimeOffset> NowAsync()
    {
        await using var ask = _postgres.CreateCommand("SELECT clock_timestamp()");
        return new DateTimeOffset((DateTime)(await ask.ExecuteScalarAsync())!);
    }

    /// <summary>Compares once.</summary>
    /// <returns>data_as_of; null where it claims nothing.</returns>
    public async Task<DateTimeOffset?> CheckAsync()
    {
        var asOf = await ScalarAsync("SELECT ifNull(toUnixTimestamp64Micro(data_as_of), 0) FROM data_as_of");
        var visible = await ScalarAsync("SELECT count() FROM bets_analytics");
        Partial += visible > 0 && visible < _placed ? 1 : 0;
        Checks++;
        if (asOf == 0)
        {
            return null;
        }
        var moment = DateTimeOffset.UnixEpoch.AddTicks(asOf * TimeSpan.TicksPerMicrosecond);
        await using var count = _postgres.CreateCommand("SELECT count(*) FROM bets WHERE pg_xact_commit_timestamp(xmin) <= $1");
        count.Parameters.AddWithValue(moment);
        var committed = (long)(await count.ExecuteScalarAsync())!;
        if (visible < committed)
        {
            _missing.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"data_as_of claims {moment:O}: PostgreSQL had {committed} bets by then, ClickHouse shows {visible}"
                )
            );
        }
        return moment;
    }

    /// <summary>
    /// Compares again and again, until data_as_of has passed the last bet; fails where any comparison so far missed a row.
    /// </summary>
    public async Task CheckUntilAllAreVisibleAsync(TimeSpan limit)
    {
        var placed = await NowAsync();
        await Deadline.UntilAsync("data_as_of behind the last bet", limit, async () => await CheckAsync() > placed);
        Assert.Empty(_missing);
        Assert.Equal(_placed, await ScalarAsync("SELECT count() FROM bets_analytics"));
    }

    public ValueTask DisposeAsync() => _postgres.DisposeAsync();

    async Task<long> ScalarAsync(string sql) => Convert.ToInt64(await clickHouse.ExecuteScalarAsync(sql), CultureInfo.InvariantCulture);
}
