using Npgsql;

namespace Betting.CacheWarmer.Fills;

/// <summary>How one key is filled from PostgreSQL.</summary>
interface IKeyFill
{
    string Key { get; }

    TimeSpan Lifetime { get; }

    /// <summary>The value as readers get it, and how many items it holds.</summary>
    Task<(ReadOnlyMemory<byte> Value, int Items)> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation);
}
