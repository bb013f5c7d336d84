using Npgsql;
using NpgsqlTypes;

namespace Betting.Local.Capture.Resume;

/// <summary>The replication slot in PostgreSQL.</summary>
public sealed class ReplicationSlots(NpgsqlDataSource source, string slot)
{
    /// <returns>Null where there is no such slot.</returns>
    public async Task<SlotState?> StateAsync(CancellationToken stop)
    {
        await using var command = source.CreateCommand(
            "select confirmed_flush_lsn, coalesce(wal_status = 'lost', false) from pg_replication_slots where slot_name = $1"
        );
        command.Parameters.Add(new() { Value = slot });
        await using var reader = await command.ExecuteReaderAsync(stop);
        if (!await reader.ReadAsync(stop))
            return null;
        ulong confirmed = reader.IsDBNull(0) ? 0 : (ulong)reader.GetFieldValue<NpgsqlLogSequenceNumber>(0);
        return new SlotState(confirmed, reader.GetBoolean(1));
    }

    /// <summary>Drops the slot where it is there.</summary>
    /// <exception cref="PostgresException">55006: somebody reads from it.</exception>
    public async Task DropAsync(CancellationToken stop)
    {
        await using var command = source.CreateCommand(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1"
        );
        command.Parameters.Add(new() { Value = slot });
        await command.ExecuteNonQueryAsync(stop);
    }
}
