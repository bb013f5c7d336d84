using System.Net;
using System.Text;
using Betting.Local.Engines;
using ClickHouse.Driver.ADO;

namespace Betting.Tests.CdcSink.Write;

/// <summary>
/// Passes requests on to ClickHouse, and keeps the first one with a given text until it is told to go on: a process, or its network, that
/// stands still between two statements. What it keeps is passed on also when the client is gone by then.
/// </summary>
sealed class HoldingProxy : IAsyncDisposable
{
    readonly HttpListener _listener = new();
    readonly HttpClient _server = new();
    readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously),
        _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource _passedOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly string _text,
        _target;
    readonly Task _serving;

    /// <param name="connectionString">The database behind it.</param>
    /// <param name="text">A text of the request that it keeps.</param>
    public HoldingProxy(string connectionString, string text)
    {
        var settings = new ClickHouseClientSettings(connectionString);
        var port = FreePort.Take();
        _target = $"http://{settings.Host}:{settings.Port}";
        _text = text;
        ConnectionString = $"Host=127.0.0.1;Port={port};Database={settings.Database};Compression=false";
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public string ConnectionString { get; }

    /// <summary>Ends when the request has come.</summary>
    public Task HeldAsync() => _held.Task.WaitAsync(TimeSpan.FromSeconds(60));

    /// <summary>Passes the request on, and ends when ClickHouse has answered it.</summary>
    public Task ReleaseAsync()
    {
        _released.TrySetResult();
        return _passedOn.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        _released.TrySetResult();
        _listener.Stop();
        await _serving;
        _listener.Close();
        _server.Dispose();
    }

    async Task ServeAsync()
    {
        var answers = new List<Task>();
        while (_listener.IsListening)
        {
            try
            {
                answers.Add(AnswerAsync(await _listener.GetContextAsync()));
            }
            catch (Exception stopped)
                when (stopped is HttpListenerException or ObjectDisposedException
                    || (stopped is InvalidOperationException && !_listener.IsListening)
                )
            {
                break;
            }
        }
        await Task.WhenAll(answers);
    }

    async Task AnswerAsync(HttpListenerContext context)
    {
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        var query = Encoding.UTF8.GetString(body.ToArray());
        var isHeld = query.Contains(_text, StringComparison.Ordinal) && _held.TrySetResult();
        if (isHeld)
        {
            await _released.Task;
        }
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.HttpMethod), _target + context.Request.RawUrl);
        request.Content = new ByteArrayContent(body.ToArray());
        if (context.Request.ContentType is { } type)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }
        using var answer = await _server.SendAsync(request);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        if (isHeld)
        {
            _passedOn.TrySetResult();
        }
        try
        {
            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (
                var (name, values) in answer
                    .Headers.Concat(answer.Content.Headers)
                    .Where(header => header.Key.StartsWith("X-", StringComparison.OrdinalIgnoreCase))
            )
            {
                context.Response.Headers[name] = string.Join(',', values);
            }
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            context.Response.Close(bytes, willBlock: true);
        }
        catch (Exception gone) when (gone is HttpListenerException or ObjectDisposedException)
        {
            // The client did not wait for the answer.
        }
    }
}
