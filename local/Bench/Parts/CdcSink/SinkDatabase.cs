using System.Globalization;
using Betting.Contracts;
using ClickHouse.Driver;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>One measurement's database, put away with it; and what it tells of the worker's progress.</summary>
sealed class SinkDatabase(string name, string connectionString, Func<Task> putAwayAsync) : IAsyncDisposable
{
    readonly ClickHouseClient _client = new(connectionString);

    public string Name => name;

    public string ConnectionString => connectionString;

    public Task RunAsync(string sql, CancellationToken cancellation) => _client.ExecuteNonQueryAsync(sql, cancellationToken: cancellation);

    public async Task<double> NumberAsync(string sql, CancellationToken cancellation) =>
        Convert.ToDouble(await _client.ExecuteScalarAsync(sql, cancellationToken: cancellation), CultureInfo.InvariantCulture);

    /// <summary>How many records of the tables' topics are visible, and when the last of them became so, in seconds.</summary>
    public async Task<(long Records, double At)> ProgressAsync(CancellationToken cancellation)
    {
        await using var reader = await _client.ExecuteReaderAsync(
            $"SELECT toInt64(sum(next_offset)), toUnixTimestamp64Micro(max(recorded_at)) FROM sink_progress FINAL WHERE topic LIKE "
                + $"'{ChangeTopics.DefaultPrefix}.public.%'",
            cancellationToken: cancellation
        );
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), Convert.ToInt64(reader.GetValue(1), CultureInfo.InvariantCulture) / 1e6);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await putAwayAsync();
    }
}
