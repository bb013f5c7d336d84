using Dapper;
using Npgsql;

namespace Betting.Local.Cluster.Proof;

/// <summary>accepted + rejected + parked + dead letters = published.</summary>
static class DeliveryProof
{
    /// <param name="postgres">Holds the journal.</param>
    /// <param name="before">Commands that were in the journal before this traffic began.</param>
    /// <param name="distinct">Different, well-formed commands that the brokers took from us.</param>
    /// <param name="malformed">Messages that no worker can understand.</param>
    /// <param name="deadLetters">Messages in the dead-letter queue and topic that this traffic added.</param>
    public static async Task<Invariant> CheckAsync(NpgsqlDataSource postgres, long before, long distinct, long malformed, long deadLetters)
    {
        await using var connection = await postgres.OpenConnectionAsync();
        var outcomes = (await connection.QueryAsync<(string Outcome, long Count)>("SELECT outcome, count(*) FROM commands GROUP BY outcome ORDER BY outcome")).ToList();
        var journal = outcomes.Sum(row => row.Count) - before;
        return new Invariant("accepted + rejected + parked + dead letters = published", journal == distinct && deadLetters >= malformed,
            $"{distinct:N0} different commands published, {journal:N0} new in the journal; {malformed:N0} malformed published, {deadLetters:N0} dead letters ("
            + string.Join(", ", outcomes.Select(row => $"{row.Outcome} {row.Count:N0}")) + " in all)");
    }
}
