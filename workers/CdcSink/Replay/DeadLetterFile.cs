using System.Text;
using System.Text.Json;
using Betting.CdcSink.Batches;
using Betting.CdcSink.Write;

namespace Betting.CdcSink.Replay;

/// <summary>Keeps records that cannot be used in a file of the archive's form, each with <c>reason</c> and <c>field</c>, so that it can be mended and replayed.</summary>
sealed class DeadLetterFile(string? path) : IDeadLetters, IDisposable
{
    readonly Lazy<StreamWriter?> _file = new(() => path is null ? null : new StreamWriter(path, append: true, new UTF8Encoding(false)) { NewLine = "\n" });

    public int Count { get; private set; }

    public async Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        Count += letters.Count;
        foreach (var (record, reason, field) in letters)
        {
            await Console.Error.WriteLineAsync($"\n{record.Topic} {record.Partition}@{record.Offset}: {reason} {field}");
            if (_file.Value is { } file)
            {
                await file.WriteLineAsync(JsonSerializer.Serialize(new
                {
                    topic = record.Topic,
                    partition = record.Partition,
                    offset = record.Offset,
                    timestamp = record.TimestampMs,
                    key = Text(record.Key),
                    value = Text(record.Value),
                    headers = record.Headers.Select(header => new[] { header.Name, Text(header.Value) }),
                    reason,
                    field,
                }).AsMemory(), cancellation);
            }
        }
        if (_file.Value is { } written)
        {
            await written.FlushAsync(cancellation);
        }
    }

    public void Dispose() => _file.Value?.Dispose();

    static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);
}
