using Betting.Local.Capture.Delivery;
using Betting.Local.Capture.Records;
using Betting.Local.Capture.Source;
using Npgsql;

namespace Betting.Local.Capture;

/// <summary>Reads every row of the tables, all as of the moment at which the slot begins.</summary>
/// <remarks>
/// Creating a slot exports a snapshot that sees exactly the transactions the slot will not send. One row is held back at any time,
/// because a record says whether it is the last of its table or of all.
/// </remarks>
sealed class Snapshot(Catalog catalog, Outbox outbox, RecordWriter records, RecordHeaders headers)
{
    readonly Row _row = new();

    /// <returns>How many rows there were.</returns>
    public async Task<long> SendAsync(
        NpgsqlDataSource source,
        string exported,
        ulong lsn,
        IReadOnlyList<string> tables,
        CancellationToken stop
    )
    {
        await using var connection = await source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, stop);
        await ExecuteAsync(connection, $"set transaction snapshot '{exported}'", stop);
        var (id, micros) = await MomentAsync(connection, stop);

        long count = 0;
        (TableJson Table, bool FirstOfTable)? held = null;
        foreach (string name in tables)
        {
            var table = new TableJson((await catalog.TableAsync(connection, name, stop)).Table);
            bool first = true;
            await using var command = new NpgsqlCommand(SelectText(table.Table), connection) { CommandTimeout = 0 };
            await using var reader = await command.ExecuteReaderAsync(System.Data.CommandBehavior.SequentialAccess, stop);
            while (await reader.ReadAsync(stop))
            {
                if (held is { } previous)
                    await SendAsync(previous, first, last: false);
                Read(reader);
                (held, first) = ((table, first), false);
                count++;
            }
        }
        if (held is { } final)
            await SendAsync(final, lastOfTable: true, last: true);
        return count;

        ValueTask SendAsync((TableJson Table, bool FirstOfTable) held, bool lastOfTable, bool last)
        {
            var position = new Position(lsn, null, id, micros, Mark(firstOfAll: count == 1, held.FirstOfTable, lastOfTable, last));
            byte[] value = records.Change('r', held.Table, null, _row, null, position, null);
            return outbox.SendAsync(held.Table.Table.Topic, records.Key(held.Table, _row), value, headers.Change, stop);
        }
    }

    /// <summary>The mark of a read; of several that apply the connector writes the first of these.</summary>
    public static string Mark(bool firstOfAll, bool firstOfTable, bool lastOfTable, bool last) =>
        last ? "last"
        : firstOfAll ? "first"
        : lastOfTable ? "last_in_data_collection"
        : firstOfTable ? "first_in_data_collection"
        : "true";

    void Read(NpgsqlDataReader reader)
    {
        _row.Clear();
        for (int i = 0; i < reader.FieldCount; i++)
        {
            if (reader.IsDBNull(i))
                _row.Add(Cell.Null, []);
            else
                _row.Add(Cell.Text, reader.GetFieldValue<byte[]>(i));
        }
    }

    static string SelectText(Table table)
    {
        string columns = string.Join(", ", table.Columns.Select(column => $"{Quote(column.Name)}::text"));
        return $"select {columns} from {Quote(table.Schema)}.{Quote(table.Name)}";
    }

    // The transaction id that the reads carry, as the connector takes it.
    static async Task<(long Id, long Micros)> MomentAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(
            "select txid_current(), (extract(epoch from clock_timestamp()) * 1000000)::bigint",
            connection
        );
        await using var reader = await command.ExecuteReaderAsync(stop);
        await reader.ReadAsync(stop);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(stop);
    }

    static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
