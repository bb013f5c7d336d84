using Dapper;
using Npgsql;

namespace Betting.Local.Cluster.Proof;

/// <summary>accepted + rejected + parked + dead letters = published.</summary>
static class DeliveryProof
{
    public const string Name = "accepted + rejected + parked + dead letters = published";

    /// <summary>How many commands of the journal have each outcome.</summary>
    public static async Task<IReadOnlyDictionary<string, double>> OutcomesAsync(NpgsqlDataSource postgres)
    {
        await using var connection = await postgres.OpenConnectionAsync();
        return (
            await connection.QueryAsync<(string Outcome, long Count)>("SELECT outcome, count(*) FROM commands GROUP BY outcome")
        ).ToDictionary(row => row.Outcome, row => (double)row.Count);
    }

    /// <param name="postgres">Holds the journal.</param>
    /// <param name="before">Commands that were in the journal before this traffic began.</param>
    /// <param name="distinct">Different, well-formed commands that the brokers took from us.</param>
    /// <param name="malformed">Different messages that no worker can understand.</param>
    /// <param name="deadLetters">Different messages among the dead letters that this traffic added.</param>
    public static async Task<Invariant> CheckAsync(NpgsqlDataSource postgres, long before, long distinct, long malformed, long deadLetters)
    {
        var outcomes = await OutcomesAsync(postgres);
        var journal = outcomes.Values.Sum() - before;
        return new Invariant(
            Name,
            journal == distinct && deadLetters == malformed,
            $"{distinct:N0} different commands published, {journal:N0} new in the journal; "
                + $"{malformed:N0} malformed published, {deadLetters:N0} different dead letters ("
                + string.Join(", ", outcomes.OrderBy(row => row.Key).Select(row => $"{row.Key} {row.Value:N0}"))
                + " in all)"
        );
    }
}
