using System.Text;
using Betting.Local.ClickHouse.Engine;
using Betting.Local.ClickHouse.Sql;

namespace Betting.Local.ClickHouse.Http;

/// <summary>The statement of a request and, for an INSERT of data, where its rows are: some here already, the rest in the body.</summary>
sealed class RequestText
{
    const int FirstLook = 16 << 10;
    readonly ReadOnlyMemory<byte> _read;

    RequestText(ReadOnlyMemory<byte> read, Statement statement, RequestBody rest)
    {
        _read = read;
        Statement = statement;
        Rest = rest;
    }

    public Statement Statement { get; }

    /// <summary>The statement for the engine.</summary>
    public ReadOnlyMemory<byte> Text => _read[..Statement.TextEnd];

    /// <summary>The rows that came along with the statement.</summary>
    public ReadOnlyMemory<byte> FirstRows => _read[Statement.DataStart..];

    /// <summary>The rows that have not been read yet.</summary>
    public RequestBody Rest { get; }

    /// <summary>
    /// Reads the body until the statement is known: of an INSERT of data, its head; of anything else, all. A statement may start
    /// in the URL and go on in the body, a line break between them.
    /// </summary>
    /// <exception cref="EngineException">The statement is refused, or larger than <paramref name="limit"/> bytes.</exception>
    public static async Task<RequestText> ReadAsync(string urlStatement, RequestBody body, int limit, CancellationToken cancellation)
    {
        var start = urlStatement.Length == 0 ? [] : Encoding.UTF8.GetBytes(urlStatement + "\n");
        var buffer = new byte[Math.Max(FirstLook, start.Length * 2)];
        start.CopyTo(buffer, 0);
        var length = start.Length;
        while (true)
        {
            // Looked at each time it has filled up, so that a long statement is not read over and over.
            var read = await body.ReadAsync(buffer.AsMemory(length), cancellation);
            length += read;
            var isWhole = length < buffer.Length;
            if (StatementReader.TryRead(buffer.AsSpan(0, length), isWhole, out var statement))
                return new RequestText(buffer.AsMemory(0, length), statement, body);
            if (length > limit)
                throw new EngineException(
                    ErrorCode.QueryIsTooLarge,
                    $"The statement is larger than the {limit} bytes that this host allows"
                );
            Array.Resize(ref buffer, buffer.Length * 2);
        }
    }
}
