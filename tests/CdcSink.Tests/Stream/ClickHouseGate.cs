using System.Net;
using Betting.Local.Engines;
using ClickHouse.Driver.ADO;

namespace Betting.Tests.CdcSink.Stream;

/// <summary>
/// Stands between a worker and ClickHouse and never lets those requests through that a test names: a worker that is killed then has done
/// everything before the first of them and nothing behind it. Others it may refuse as ClickHouse would.
/// </summary>
sealed class ClickHouseGate : IAsyncDisposable
{
    readonly HttpListener _listener = new();
    readonly HttpClient _clickHouse;
    readonly Func<string, bool> _isHeld;
    readonly Func<string, int?> _refusal;
    readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Task _serving;
    int _stopped;

    /// <param name="behind">ClickHouse's connection string.</param>
    /// <param name="isHeld">From an address and a body, as text, to whether it stays here.</param>
    /// <param name="refusal">The same to the code with which it is refused; null where it is let through.</param>
    public ClickHouseGate(string behind, Func<string, bool> isHeld, Func<string, int?>? refusal = null)
    {
        _isHeld = isHeld;
        _refusal = refusal ?? (_ => null);
        var port = FreePort.Take();
        var settings = new ClickHouseConnectionStringBuilder { ConnectionString = behind };
        _clickHouse = new HttpClient { BaseAddress = new Uri($"http://{settings.Host}:{settings.Port}") };
        settings.Port = (ushort)port;
        // Statements are read here.
        settings.Compression = false;
        ConnectionString = settings.ConnectionString;
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public string ConnectionString { get; }

    /// <summary>Ends when the request is here.</summary>
    public Task Held => _held.Task;

    /// <summary>How many requests were held or refused.</summary>
    public int Stopped => Volatile.Read(ref _stopped);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
        _clickHouse.Dispose();
    }

    async Task ServeAsync()
    {
        var forwarding = new List<Task>();
        while (true)
        {
            try
            {
                forwarding.Add(ForwardAsync(await _listener.GetContextAsync()));
            }
            catch (Exception stopped) when (stopped is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                await Task.WhenAll(forwarding);
                return;
            }
        }
    }

    async Task ForwardAsync(HttpListenerContext context)
    {
        try
        {
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            var said = Uri.UnescapeDataString(context.Request.RawUrl!) + System.Text.Encoding.UTF8.GetString(body.ToArray());
            if (_isHeld(said))
            {
                Interlocked.Increment(ref _stopped);
                _held.TrySetResult();
                return;
            }
            if (_refusal(said) is { } code)
            {
                Interlocked.Increment(ref _stopped);
                context.Response.StatusCode = (int)HttpStatusCode.InternalServerError;
                context.Response.Headers["X-ClickHouse-Exception-Code"] = code.ToString(System.Globalization.CultureInfo.InvariantCulture);
                context.Response.Close(
                    System.Text.Encoding.UTF8.GetBytes($"Code: {code}. DB::Exception: as a test wants it. (version 25.8.1.1)\n"),
                    willBlock: false
                );
                return;
            }
            using var request = new HttpRequestMessage(new HttpMethod(context.Request.HttpMethod), context.Request.RawUrl)
            {
                Content = new ByteArrayContent(body.ToArray()),
            };
            foreach (
                var name in context
                    .Request.Headers.AllKeys.OfType<string>()
                    .Where(name => name is not ("Host" or "Content-Length" or "Transfer-Encoding" or "Connection"))
            )
            {
                if (!request.Headers.TryAddWithoutValidation(name, context.Request.Headers[name]))
                {
                    request.Content.Headers.TryAddWithoutValidation(name, context.Request.Headers[name]);
                }
            }
            using var answer = await _clickHouse.SendAsync(request);
            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (
                var (name, values) in answer
                    .Headers.Concat(answer.Content.Headers)
                    .Where(header =>
                        header.Key is not ("Content-Length" or "Transfer-Encoding" or "Connection" or "Keep-Alive" or "Server" or "Date")
                    )
            )
            {
                context.Response.Headers[name] = string.Join(',', values);
            }
            context.Response.Close(await answer.Content.ReadAsByteArrayAsync(), willBlock: false);
        }
        catch (Exception gone) when (gone is HttpListenerException or HttpRequestException or IOException or ObjectDisposedException)
        {
            // The worker was killed, or the test is over.
        }
    }
}
