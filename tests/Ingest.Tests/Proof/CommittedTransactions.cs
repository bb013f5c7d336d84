using System.Text.RegularExpressions;
using Npgsql;

namespace Betting.Tests.Ingest.Proof;

/// <summary>One transaction as PostgreSQL committed it.</summary>
/// <param name="Id">Its transaction id.</param>
/// <param name="Taken">The commands that it took in the journal, in no order.</param>
/// <param name="Outcomes">Outcomes that it wrote: of those, and of commands that had been parked.</param>
sealed record Committed(string Id, HashSet<Guid> Taken, Dictionary<Guid, string> Outcomes);

/// <summary>
/// The order in which PostgreSQL committed, read from its write-ahead log through a logical slot. Locks are held until the
/// commit, so if isolation is what it should be, this order is a serial one; if it is not, it is none.
/// </summary>
sealed partial class CommittedTransactions(NpgsqlDataSource admin)
{
    readonly string _slot = $"proof_{Guid.NewGuid():N}";

    /// <summary>How many releases were opened for the transactions after.</summary>
    public int ReleasesInParts { get; private set; }

    public Task StartAsync() => DoAsync($"SELECT pg_create_logical_replication_slot('{_slot}', 'test_decoding')");

    public Task EndAsync() => DoAsync($"SELECT pg_drop_replication_slot('{_slot}')");

    /// <summary>What was committed since the last time.</summary>
    public async Task<List<Committed>> ReadAsync()
    {
        await using var command = admin.CreateCommand(
            $"SELECT data FROM pg_logical_slot_get_changes('{_slot}', NULL, NULL, 'skip-empty-xacts', '1')"
        );
        await using var rows = await command.ExecuteReaderAsync();
        var committed = new List<Committed>();
        var (open, begun) = (0, false);
        while (await rows.ReadAsync())
        {
            var line = rows.GetString(0);
            if (line.StartsWith("BEGIN ", StringComparison.Ordinal))
            {
                // The parts of a release are one with what opened it: nobody may come between.
                begun = open > 0;
                if (!begun)
                {
                    committed.Add(new Committed(line[6..], [], []));
                }
            }
            else if (line.StartsWith("table public.releases: ", StringComparison.Ordinal))
            {
                open += line.Contains(": INSERT:", StringComparison.Ordinal) ? 1 : -1;
                ReleasesInParts += line.Contains(": INSERT:", StringComparison.Ordinal) ? 1 : 0;
            }
            else if (JournalChange().Match(line) is { Success: true } change)
            {
                var id = Guid.Parse(change.Groups["id"].Value);
                committed[^1].Outcomes[id] = $"{change.Groups["outcome"].Value} {change.Groups["reason"].Value}".TrimEnd();
                if (change.Groups["verb"].Value == "INSERT")
                {
                    if (begun)
                    {
                        throw new NotSerialException(
                            $"{id.ToString()[..18]} was applied while what has come was still being "
                                + $"released, after transaction {committed[^1].Id}"
                        );
                    }
                    committed[^1].Taken.Add(id);
                }
            }
        }
        return committed;
    }

    async Task DoAsync(string sql)
    {
        await using var command = admin.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    // Any schema, and any partition of the journal.
    [GeneratedRegex(
        @"^table \w+\.commands\w*: (?<verb>INSERT|UPDATE): .*?command_id\[uuid\]:'(?<id>[^']+)'.* outcome\[text\]:'(?<outcome>[a-z]+)' reason\[text\]:(null|'(?<reason>[^']*)')"
    )]
    private static partial Regex JournalChange();
}
