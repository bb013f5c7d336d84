using Npgsql;

namespace Betting.Ingest.Store;

/// <summary>A batch whose transaction has begun and has its ids in the journal; disposed without a commit, it has taken nothing.</summary>
public sealed class TakenBatch(
    NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<HashedCommand> commands, OrderedDictionary<Guid, HashedCommand> firsts, HashSet<Guid> fresh)
    : IAsyncDisposable
{
    internal NpgsqlTransaction Transaction => transaction;

    /// <summary>All commands in their order.</summary>
    internal IReadOnlyList<HashedCommand> Commands => commands;

    /// <summary>The first command of each id.</summary>
    internal OrderedDictionary<Guid, HashedCommand> Firsts => firsts;

    /// <summary>Ids that the journal did not have.</summary>
    internal HashSet<Guid> Fresh => fresh;

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
