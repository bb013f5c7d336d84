using Betting.Ingest.Messages;
using Betting.Ingest.Postgres;
using Npgsql;

namespace Betting.Ingest.Claim;

/// <summary>A batch whose transaction has begun and has its ids in the journal; disposed without a commit, it has taken nothing.</summary>
/// <remarks>
/// Npgsql gives the next transaction on a pooled connection the same object. Were this one disposed again, it would end
/// somebody else's in the middle, or both would read one connection and wait for ever.
/// </remarks>
public sealed class ClaimedBatch(
    DurableTransaction durable,
    IReadOnlyList<HashedCommand> commands,
    OrderedDictionary<Guid, HashedCommand> firsts,
    HashSet<Guid> fresh
) : IAsyncDisposable
{
    /// <summary>Where the batch is decided.</summary>
    public NpgsqlTransaction Transaction => durable.Transaction;

    /// <summary>Commits it.</summary>
    internal DurableTransaction Durable => durable;

    /// <summary>All commands in their order.</summary>
    internal IReadOnlyList<HashedCommand> Commands => commands;

    /// <summary>The first command of each id.</summary>
    internal OrderedDictionary<Guid, HashedCommand> FirstById => firsts;

    /// <summary>Ids that the journal did not have.</summary>
    internal HashSet<Guid> NewIds => fresh;

    /// <summary>Does nothing the second time.</summary>
    public ValueTask DisposeAsync() => durable.DisposeAsync();
}
