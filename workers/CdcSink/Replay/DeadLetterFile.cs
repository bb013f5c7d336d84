using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Betting.CdcSink.Messages;
using Betting.Debezium;

namespace Betting.CdcSink.Replay;

/// <summary>
/// Keeps records that cannot be used in a file of the archive's form, each with <c>reason</c> and <c>field</c>, so that it can be mended
/// and replayed.
/// </summary>
sealed class DeadLetterFile(string? path) : IDeadLetters, IDisposable
{
    readonly Lazy<StreamWriter?> _file = new(() =>
        path is null ? null : new StreamWriter(path, append: true, new UTF8Encoding(false)) { NewLine = "\n" }
    );

    // A batch that is tried again sends its letters again.
    readonly HashSet<(string Topic, int Partition, long Offset, Int128 Content)> _kept = [];

    public int Count => _kept.Count;

    public async Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        foreach (var (record, reason, field) in letters)
        {
            if (!_kept.Add((record.Topic, record.Partition, record.Offset, Hash(record))))
            {
                continue;
            }
            await Console.Error.WriteLineAsync($"\n{record.Topic} {record.Partition}@{record.Offset}: {reason} {field}");
            if (_file.Value is { } file)
            {
                await file.WriteLineAsync(
                    JsonSerializer
                        .Serialize(
                            new
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
                            }
                        )
                        .AsMemory(),
                    cancellation
                );
            }
        }
        if (_file.Value is { } written)
        {
            await written.FlushAsync(cancellation);
        }
    }

    public void Dispose() => _file.Value?.Dispose();

    // The place alone does not tell a record: archives of a topic that was made anew count from 0 again.
    static Int128 Hash(StreamRecord record)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in new[] { record.Key, record.Value })
        {
            hash.AppendData(BitConverter.GetBytes(part?.Length ?? -1));
            hash.AppendData(part ?? []);
        }
        return BinaryPrimitives.ReadInt128LittleEndian(hash.GetHashAndReset());
    }

    static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);
}
