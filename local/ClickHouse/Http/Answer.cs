using System.Globalization;
using System.Text;
using Betting.Local.ClickHouse.Engine;
using Betting.Local.ClickHouse.Queries;

namespace Betting.Local.ClickHouse.Http;

/// <summary>
/// The answer to one query: whole, with its length and summary, or piece by piece. An error before the first piece has a status of
/// its own; later ones are told within the body, which then breaks off.
/// </summary>
sealed class Answer
{
    const int WorthCompressing = 1 << 10;
    const int Slice = 128 << 10;

    /// <summary>Clients look for an error within the last 4 KiB that they have read.</summary>
    const int MaxTornMessage = 3 << 10;

    readonly HttpResponse _response;
    readonly string? _encoding;
    readonly string _tag = Guid.NewGuid().ToString("N")[..16];
    readonly string _version;
    readonly Func<TimeSpan> _elapsed;
    readonly CancellationToken _cancellation;
    Stream? _compressing;

    public Answer(HttpContext context, string version, Func<TimeSpan> elapsed)
    {
        _response = context.Response;
        _version = version;
        _elapsed = elapsed;
        _cancellation = context.RequestAborted;
        _encoding = InterfaceParameters.IsTrue(context.Request.Query["enable_http_compression"].ToString())
            ? ResponseEncoding.Choose(context.Request)
            : null;
        _response.Headers["X-ClickHouse-Server-Display-Name"] = "chdb";
        _response.Headers["X-ClickHouse-Timezone"] = "UTC";
        _response.Headers["X-ClickHouse-Exception-Tag"] = _tag;
    }

    /// <summary>A piece was taken, be it that the compression still holds it.</summary>
    public bool HasStarted => _response.HasStarted || _compressing is not null;

    public void NameQuery(string queryId) => _response.Headers["X-ClickHouse-Query-Id"] = queryId;

    public void NameFormat(string format)
    {
        _response.Headers["X-ClickHouse-Format"] = format;
        _response.ContentType = OutputFormat.ContentType(format);
    }

    /// <summary>The whole answer at once.</summary>
    public async Task WriteWholeAsync(ReadOnlyMemory<byte> body, QueryStatistics statistics)
    {
        _response.Headers[Summary.Header] = Summary.Write(statistics, _elapsed());
        if (_encoding is not null && body.Length >= WorthCompressing)
        {
            await WriteAsync(body);
            await CompleteAsync();
            return;
        }

        _response.ContentLength = body.Length;
        await CopyAsync(body, _response.Body);
    }

    /// <summary>A piece of the answer; waits while the client does not take it.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> piece)
    {
        if (_encoding is not null && _compressing is null)
        {
            _response.Headers.ContentEncoding = _encoding;
            _compressing = ResponseEncoding.Open(_encoding, _response.Body);
        }

        await CopyAsync(piece, _compressing ?? _response.Body);
    }

    /// <summary>In slices: the web server copies each write as a whole before it waits for the client.</summary>
    async Task CopyAsync(ReadOnlyMemory<byte> piece, Stream target)
    {
        for (; piece.Length > Slice; piece = piece[Slice..])
            await target.WriteAsync(piece[..Slice], _cancellation);
        await target.WriteAsync(piece, _cancellation);
    }

    /// <summary>Ends an answer in pieces.</summary>
    public ValueTask CompleteAsync() => _compressing?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>The error, as status and text if nothing was sent yet.</summary>
    /// <exception cref="TornAnswerException">Something was sent: the error stands at its end, the connection must be closed.</exception>
    public async Task FailAsync(EngineException error)
    {
        var message = error.Message.Contains("(version ", StringComparison.Ordinal)
            ? error.Message.TrimEnd()
            : $"{error.Message} (version {_version})";
        if (_response.HasStarted)
        {
            await WriteAsync(Encoding.UTF8.GetBytes(Torn(message)));
            await CompleteAsync();
            await _response.Body.FlushAsync(_cancellation);
            throw new TornAnswerException(error);
        }

        _response.StatusCode = HttpStatus.Of(error.Code);
        _response.Headers["X-ClickHouse-Exception-Code"] = ((int)error.Code).ToString(CultureInfo.InvariantCulture);
        _response.Headers.ContentEncoding = default;
        _response.ContentType = "text/plain; charset=UTF-8";
        var body = Encoding.UTF8.GetBytes(message + "\n");
        _response.ContentLength = body.Length;
        await _response.Body.WriteAsync(body, _cancellation);
    }

    /// <summary>The form in which ClickHouse puts an error into a body (<c>WriteBufferFromHTTPServerResponse</c>).</summary>
    string Torn(string message)
    {
        if (message.Length > MaxTornMessage)
            message = message[..MaxTornMessage];
        var size = Encoding.UTF8.GetByteCount(message) + 1;
        return string.Create(CultureInfo.InvariantCulture, $"\r\n__exception__\r\n{_tag}\r\n{message}\n{size} {_tag}\r\n__exception__\r\n");
    }
}
