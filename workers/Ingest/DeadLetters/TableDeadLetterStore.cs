using System.Runtime.CompilerServices;
using System.Text;
using Betting.Connections;
using Betting.DeadLetters;
using Betting.Ingest.Messages;
using Betting.Ingest.RabbitMq;
using Npgsql;

namespace Betting.Ingest.DeadLetters;

/// <summary>A letter of the table <c>dead_letters</c>.</summary>
/// <param name="LetterId">Its row.</param>
/// <param name="Door">The door that it came through.</param>
/// <param name="Content">Key, body and headers as they were written.</param>
public sealed record TableLetter(long LetterId, string Door, LetterContent Content);

/// <summary>The letters of one door in the table <c>dead_letters</c>, which its broker did not take.</summary>
/// <param name="postgres">The role <c>ingest</c>, or one with its rights.</param>
/// <param name="door">Whose letters.</param>
/// <param name="exclusive">Keeps others from ending letters.</param>
/// <param name="sendBack">Publishes originals to where they came from; returns an answer for each, in their order.</param>
public sealed class TableDeadLetterStore(
    PostgresSource postgres,
    string door,
    LetterLock exclusive,
    Func<IReadOnlyList<StoredLetter>, CancellationToken, Task<IReadOnlyList<ReplayAnswer>>> sendBack
) : IDeadLetterStore
{
    // A letter has a megabyte at most.
    const int Page = 16;

    public string Name => $"postgresql ({door})";

    public Task LockAsync(CancellationToken cancellation) => exclusive.TakeAsync(cancellation);

    public async IAsyncEnumerable<StoredLetter> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        // Those of this moment: a letter that is sent back can be here again, in a row of its own, before the last one is read.
        var newest = await NewestAsync(cancellation);
        for (var (last, found) = (0L, Page); found == Page; )
        {
            var page = await PageAsync(last, newest, cancellation);
            foreach (var letter in page)
            {
                yield return letter;
            }
            (last, found) = (page.Count == 0 ? last : ((TableLetter)page[^1].Handle).LetterId, page.Count);
        }
    }

    public Task<IReadOnlyList<ReplayAnswer>> SendBackAsync(IReadOnlyList<StoredLetter> letters, CancellationToken cancellation) =>
        sendBack(letters, cancellation);

    public async Task RemoveAsync(IReadOnlyList<StoredLetter> letters, LetterEnd end, CancellationToken cancellation)
    {
        await using var command = await postgres.CreateCommandAsync("DELETE FROM dead_letters WHERE letter_id = ANY($1)", cancellation);
        command.Parameters.AddWithValue(letters.Select(letter => ((TableLetter)letter.Handle).LetterId).ToArray());
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    async Task<long> NewestAsync(CancellationToken cancellation)
    {
        await using var command = await postgres.CreateCommandAsync("SELECT coalesce(max(letter_id), 0) FROM dead_letters", cancellation);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    async Task<List<StoredLetter>> PageAsync(long after, long newest, CancellationToken cancellation)
    {
        await using var command = await postgres.CreateCommandAsync(
            """
            SELECT letter_id, source, put_aside_at, key, body, headers FROM dead_letters
            WHERE door = $1 AND letter_id > $2 AND letter_id <= $3 ORDER BY letter_id LIMIT $4
            """,
            cancellation
        );
        command.Parameters.AddWithValue(door);
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(newest);
        command.Parameters.AddWithValue(Page);
        var letters = new List<StoredLetter>(Page);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            letters.Add(Letter(rows));
        }
        return letters;
    }

    StoredLetter Letter(NpgsqlDataReader row)
    {
        var (source, whole) = (row.GetString(1), Bytes(row, 4));
        var body = whole ?? [];
        var content = new LetterContent(
            LetterContent.Bytes(Bytes(row, 3)),
            LetterContent.Bytes(whole),
            DeadLetterTable.Decode(row.GetFieldValue<byte[]>(5))
        );
        List<KeyValuePair<string, string>> headers =
        [
            .. content.Headers.Select(header => KeyValuePair.Create(header.Name, TextOf(header))),
        ];
        return new StoredLetter
        {
            // As the broker's own store would call it, so that a copy there has the same id.
            Id = Coordinates.TryParse(source, out _) ? source : LetterIdentity.IdOf(body, headers),
            From = source,
            Reason = Header(DeadLetter.ReasonHeader),
            Field = Header(DeadLetter.FieldHeader),
            Kind = CommandKindPeek.Of(body),
            At = row.GetDateTime(2),
            Replays = LetterHeaders.ReplaysOf(headers),
            NotReplayable = LetterHeaders.TruncationOf(headers),
            Key = content.Key ?? default,
            Body = body,
            Headers = headers,
            Handle = new TableLetter(row.GetInt64(0), door, content),
        };

        string Header(string name) => headers.LastOrDefault(header => header.Key == name).Value ?? "";
    }

    // As the broker's own store would write it, so that a copy there is known as one.
    string TextOf(LetterHeader header) =>
        door == RabbitDoor.Door ? RabbitHeaders.TextOf(header) : Encoding.UTF8.GetString((header.Value ?? default).Span);

    static byte[]? Bytes(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);
}
