using System.Globalization;
using Betting.Contracts;
using Dapper;
using Npgsql;
using StackExchange.Redis;

namespace Betting.Local.Cluster.Proof;

/// <summary>Redis' counters by status = PostgreSQL's counts.</summary>
static class CounterProof
{
    public const string Name = "Redis counts = PostgreSQL counts";

    public static async Task<Invariant> CheckAsync(NpgsqlDataSource postgres, IDatabase redis)
    {
        await using var connection = await postgres.OpenConnectionAsync();
        var counts = (
            await connection.QueryAsync<(string Status, long Count)>("SELECT status, count(*) FROM bets GROUP BY status")
        ).ToDictionary(row => row.Status, row => row.Count);
        var offenders = new List<string>();
        foreach (var status in BetStatus.All)
        {
            var expected = counts.GetValueOrDefault(status).ToString(CultureInfo.InvariantCulture);
            var found = await redis.StringGetAsync(RedisKeys.BetCount(status));
            if (found != expected)
            {
                offenders.Add($"{status}: PostgreSQL {expected}, Redis {(found.IsNull ? "nothing" : found.ToString())}");
            }
        }
        return new Invariant(
            Name,
            offenders.Count == 0,
            offenders.Count == 0
                ? string.Join(", ", BetStatus.All.Select(status => $"{status} {counts.GetValueOrDefault(status):N0}"))
                : string.Join("; ", offenders)
        );
    }
}
