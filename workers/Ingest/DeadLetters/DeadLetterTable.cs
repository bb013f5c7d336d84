using System.Text.Json;
using Betting.DeadLetters;
using Betting.Ingest.Failures;
using Betting.Ingest.Messages;
using Betting.Ingest.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Betting.Ingest.DeadLetters;

/// <summary>The table <c>dead_letters</c>: for what no broker takes. Letters larger than <see cref="MaxBytes"/> are shortened.</summary>
public sealed class DeadLetterTable(DurableTransactions transactions)
{
    /// <summary>Key, body and headers of one letter.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Returns when the letters are committed; marks each with <see cref="DeadLetter.IsAside"/>.</summary>
    /// <param name="door">The door whose broker did not take them.</param>
    /// <param name="letters">All in one transaction.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="CommitNotKnownException">The letters may not be durable.</exception>
    /// <exception cref="RowsNotSavedException">A trigger or a rule left one out; none is kept.</exception>
    public async Task InsertAsync(string door, IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        await using var durable = await transactions.BeginAsync(cancellation);
        var transaction = durable.Transaction;
        foreach (var letter in letters)
        {
            var content = ShortenedLetter.Of(LetterForm.Content(letter), MaxBytes);
            await using var insert = new NpgsqlCommand(
                "INSERT INTO dead_letters (door, source, put_aside_at, key, body, headers) VALUES ($1, $2, $3, $4, $5, $6)",
                transaction.Connection,
                transaction
            );
            insert.Parameters.AddWithValue(door);
            insert.Parameters.AddWithValue(letter.Delivery.Coordinates);
            insert.Parameters.AddWithValue(letter.At);
            insert.Parameters.Add(Bytes(content.Key));
            insert.Parameters.Add(Bytes(content.Body));
            insert.Parameters.Add(Bytes(Encode(content.Headers)));
            if (await insert.ExecuteNonQueryAsync(cancellation) is not 1 and var written)
            {
                throw new RowsNotSavedException(insert.CommandText, written, 1);
            }
        }
        await durable.CommitAsync([], cancellation);
        foreach (var letter in letters)
        {
            letter.IsAside = true;
        }
    }

    /// <summary>
    /// JSON: an array of arrays, each a name, its value in Base64 or null, and, where that is not the original's bytes, its form. As bytes:
    /// a publisher's names may hold what PostgreSQL's text and jsonb cannot.
    /// </summary>
    static byte[] Encode(IReadOnlyList<LetterHeader> headers) =>
        JsonSerializer.SerializeToUtf8Bytes(
            headers.Select(header =>
                (string?[])
                    [
                        header.Name,
                        header.Value is { } value ? Convert.ToBase64String(value.Span) : null,
                        .. header.Form == HeaderForm.Bytes ? [] : new[] { header.Form.ToString() },
                    ]
            )
        );

    /// <summary>What <see cref="Encode"/> wrote.</summary>
    public static List<LetterHeader> Decode(byte[] headers) =>
        (JsonSerializer.Deserialize<string?[][]>(headers) ?? [])
            .ToList()
            .ConvertAll(entry => new LetterHeader(
                entry[0] ?? "",
                LetterContent.Bytes(entry[1] is { } value ? Convert.FromBase64String(value) : null)
            )
            {
                Form = entry is [_, _, { } form] ? Enum.Parse<HeaderForm>(form) : HeaderForm.Bytes,
            });

    static NpgsqlParameter Bytes(ReadOnlyMemory<byte>? bytes) =>
        new() { NpgsqlDbType = NpgsqlDbType.Bytea, Value = bytes is { } content ? content : DBNull.Value };
}
