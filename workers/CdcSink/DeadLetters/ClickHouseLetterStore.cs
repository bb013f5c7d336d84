using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Betting.Brokers;
using Betting.DeadLetters;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.DeadLetters;

/// <summary>
/// The letters of <c>dead_letters</c> as the verbs see them; replayed, they go to the topic and the partition that they came from.
/// </summary>
/// <param name="client">Where the table is.</param>
/// <param name="table">Ends letters.</param>
/// <param name="topics">The topics whose letters are meant, with the names of their kinds.</param>
/// <param name="kafka">Where letters are sent back to.</param>
sealed class ClickHouseLetterStore(
    ClickHouseClient client,
    DeadLetterTable table,
    IReadOnlyDictionary<string, string> topics,
    KafkaOptions kafka
) : IDeadLetterStore
{
    // Bytes of any kind come through the driver as text only in this form.
    const string Sql = """
        SELECT toString(topic), partition, offset, sha256, put_aside_at, toString(reason), field, toString(cause), has_key,
            base64Encode(key), has_value, base64Encode(value), headers
        FROM dead_letters FINAL
        WHERE ended = 0 AND topic IN ({topics:Array(String)})
        ORDER BY topic, partition, offset
        """;

    readonly KafkaReplaySender _originals = new(kafka);

    public string Name => "clickhouse";

    public async IAsyncEnumerable<StoredLetter> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("topics", topics.Keys.ToArray());
        await using var rows = await client.ExecuteReaderAsync(Sql, parameters, cancellationToken: cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            var place = new Coordinates(rows.GetString(0), rows.GetInt32(1), rows.GetInt64(2));
            var original = new LetterContent(
                Bytes(rows.GetBoolean(8), rows.GetString(9)),
                Bytes(rows.GetBoolean(10), rows.GetString(11)),
                Headers(rows.GetString(12))
            );
            KeyValuePair<string, string>[] headers =
            [
                .. original.Headers.Select(header => new KeyValuePair<string, string>(
                    header.Name,
                    header.Value is { } value ? Encoding.UTF8.GetString(value.Span) : ""
                )),
            ];
            yield return new StoredLetter
            {
                Id = place.ToString(),
                From = place.ToString(),
                Reason = rows.GetString(5),
                Field = rows.GetString(6),
                Kind = topics[place.Topic],
                At = rows.GetDateTime(4),
                Replays = LetterHeaders.ReplaysOf(headers),
                NotReplayable = LetterHeaders.TruncationOf(headers),
                Key = original.Key ?? default,
                Body = original.Body ?? default,
                Headers = [.. headers, new(LetterHeaders.Prefix + "not-in-kafka", rows.GetString(7))],
                Handle = (place, original, rows.GetString(3)),
            };
        }
    }

    public async Task<IReadOnlyList<ReplayAnswer>> SendBackAsync(IReadOnlyList<StoredLetter> letters, CancellationToken cancellation) =>
        await _originals.SendBackAsync(
            letters.Select(letter => new KafkaOriginal(Of(letter).Place, Of(letter).Original, letter.Replays + 1)),
            cancellation
        );

    public Task RemoveAsync(IReadOnlyList<StoredLetter> letters, LetterEnd end, CancellationToken cancellation) =>
        table.EndAsync(
            letters.Select(letter =>
            {
                var (place, _, sha256) = Of(letter);
                return (place.Topic, place.Partition, place.Offset, sha256);
            }),
            cancellation
        );

    public ValueTask DisposeAsync()
    {
        _originals.Dispose();
        return ValueTask.CompletedTask;
    }

    static (Coordinates Place, LetterContent Original, string Sha256) Of(StoredLetter letter) =>
        ((Coordinates, LetterContent, string))letter.Handle;

    static ReadOnlyMemory<byte>? Bytes(bool exists, string base64) => LetterContent.Bytes(exists ? Convert.FromBase64String(base64) : null);

    static LetterHeader[] Headers(string json) =>
        [
            .. JsonSerializer
                .Deserialize<string?[][]>(json)!
                .Select(header => new LetterHeader(
                    header[0] ?? "",
                    LetterContent.Bytes(header[1] is { } value ? Convert.FromBase64String(value) : null)
                )),
        ];
}
