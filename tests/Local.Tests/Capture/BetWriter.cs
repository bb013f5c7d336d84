using Npgsql;

namespace Betting.Tests.Local.Capture;

/// <summary>Writes bets from several sessions at once. A bet's payout counts its changes: 0 when inserted, then 1, 2, 3 …</summary>
sealed class BetWriter(Stage stage, int sessions)
{
    const int BetsEach = 20;
    readonly int[] _changes = new int[sessions * BetsEach + 1];

    /// <summary>How often each bet was written, by id; 0 for one that was never inserted.</summary>
    public IReadOnlyList<int> Changes => _changes;

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, sessions).Select(session => RunAsync(session, stop)));

    // Each session has bets of its own, so that it knows their order; its transactions interleave with those of the others.
    async Task RunAsync(int session, CancellationToken stop)
    {
        var random = new Random(session);
        await using var connection = await stage.OpenAsync();
        while (!stop.IsCancellationRequested)
        {
            await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
            int[] bets = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => session * BetsEach + random.Next(BetsEach) + 1).Distinct()];
            foreach (int bet in bets)
                await WriteAsync(connection, bet);
            await transaction.CommitAsync(CancellationToken.None); // never torn: the counts must be those that were committed
            foreach (int bet in bets)
                _changes[bet]++;
        }
    }

    async Task WriteAsync(NpgsqlConnection connection, int bet)
    {
        string sql =
            _changes[bet] == 0
                ? "insert into bets values ($1, 1, 1, 'OPEN', 10, 0, '2025-01-01', null)"
                : "update bets set payout = payout + 1 where id = $1";
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = (long)bet } } };
        await command.ExecuteNonQueryAsync();
    }
}
