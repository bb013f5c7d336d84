using Betting.CdcSink;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Formats;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>
/// The rows that the worker writes, made beforehand and inserted into the same tables: no broker, no decoding, no join. Batches have
/// the worker's size, and a batch's tables are written side by side.
/// </summary>
sealed class PreparedRows(SinkDatabase database, TimeProvider clock, bool rewrites = true) : IDisposable
{
    readonly PreparedBatches _batches = new(rewrites);

    // With no settings but ClickHouse's own.
    readonly ClickHouseClient _raw = new(new ClickHouseClientSettings(database.ConnectionString) { UseCompression = false });

    /// <summary>Rows of bets for each measured change, once measured.</summary>
    public double JoinedAChange { get; private set; }

    /// <summary>The limit (a): raw RowBinary.</summary>
    /// <returns>Changes a second, after the warm-up.</returns>
    public Task<double> RawRateAsync(
        IEnumerable<MadeRecord> warmUp,
        IReadOnlyCollection<MadeRecord> measured,
        CancellationToken cancellation
    ) => RateAsync(warmUp, measured, (table, rows) => RawAsync(table, rows, cancellation), cancellation);

    /// <summary>The same in the form and with the settings that the worker has.</summary>
    public async Task<double> RateAsync(
        IEnumerable<MadeRecord> warmUp,
        IReadOnlyCollection<MadeRecord> measured,
        CancellationToken cancellation
    )
    {
        using var store = new ChangeStore(_raw);
        return await RateAsync(
            warmUp,
            measured,
            (table, rows) => Task.FromResult<Func<Task>>(() => InsertAsync(store, table, rows, cancellation)),
            cancellation
        );
    }

    public void Dispose() => _raw.Dispose();

    /// <param name="prepareAsync">From a table and its rows to their insert.</param>
    async Task<double> RateAsync(
        IEnumerable<MadeRecord> warmUp,
        IReadOnlyCollection<MadeRecord> measured,
        Func<string, NativeRows, Task<Func<Task>>> prepareAsync,
        CancellationToken cancellation
    )
    {
        var size = new CdcSinkOptions().BatchRecords;
        foreach (var batch in warmUp.Chunk(size))
        {
            await RunAsync(await PrepareAsync(batch, prepareAsync));
        }
        var before = _batches.Joined;
        List<List<Func<Task>>> batches = [];
        foreach (var batch in measured.Chunk(size))
        {
            cancellation.ThrowIfCancellationRequested();
            batches.Add(await PrepareAsync(batch, prepareAsync));
        }
        JoinedAChange = (double)(_batches.Joined - before) / measured.Count;
        var started = clock.GetTimestamp();
        foreach (var batch in batches)
        {
            await RunAsync(batch);
        }
        return measured.Count / clock.GetElapsedTime(started).TotalSeconds;
    }

    static async Task InsertAsync(ChangeStore store, string table, NativeRows rows, CancellationToken cancellation)
    {
        using (rows)
        {
            await store.InsertAsync(table, rows, cancellation);
        }
    }

    static Task RunAsync(List<Func<Task>> batch) => Task.WhenAll(batch.Select(insertAsync => insertAsync()));

    async Task<List<Func<Task>>> PrepareAsync(MadeRecord[] records, Func<string, NativeRows, Task<Func<Task>>> prepareAsync)
    {
        List<Func<Task>> inserts = [];
        foreach (var (table, rows) in _batches.Next(records))
        {
            inserts.Add(await prepareAsync(table, rows));
        }
        return inserts;
    }

    /// <summary>The engine itself turns the worker's form into RowBinary, through a table in memory.</summary>
    async Task<Func<Task>> RawAsync(string table, NativeRows rows, CancellationToken cancellation)
    {
        using var store = new ChangeStore(_raw);
        using (rows)
        {
            var columns = rows.ColumnNames;
            await database.RunAsync(
                $"CREATE TABLE prepared "
                    + $"({string.Join(", ", rows.Columns.Select(column => $"{column.Name} {column.Type}"))}) ENGINE = Memory",
                cancellation
            );
            await store.InsertAsync("prepared", rows, cancellation);
            await using var connection = _raw.CreateConnection();
            await using var command = connection.CreateCommand($"SELECT {columns} FROM prepared SETTINGS max_threads = 1 FORMAT RowBinary");
            using var answer = await command.ExecuteRawResultAsync(cancellation);
            var bytes = await answer.ReadAsByteArrayAsync();
            await database.RunAsync("DROP TABLE prepared SYNC", cancellation);
            return async () =>
            {
                using var inserted = await _raw.PostStreamAsync(
                    $"INSERT INTO {table} ({columns}) FORMAT RowBinary",
                    new MemoryStream(bytes),
                    isCompressed: false,
                    cancellation
                );
            };
        }
    }
}
