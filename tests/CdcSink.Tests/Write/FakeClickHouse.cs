using System.Globalization;
using System.Net;
using Betting.CdcSink.ClickHouse;
using Betting.Local.Engines;
using ClickHouse.Driver;

namespace Betting.Tests.CdcSink.Write;

/// <summary>
/// An HTTP server that answers as ClickHouse does when it fails, with whatever code a test wants, or as a proxy does, without.
/// </summary>
sealed class FakeClickHouse : IAsyncDisposable
{
    readonly HttpListener _listener = new();
    readonly Func<int, string, (int Status, int? Code)> _answer;
    readonly Task _serving;
    readonly int _port = FreePort.Take();
    int _requests;

    /// <param name="answer">From the count of requests and the query to a status, 200 for none, and a code.</param>
    public FakeClickHouse(Func<int, string, (int Status, int? Code)> answer)
    {
        _answer = answer;
        _listener.Prefixes.Add($"http://127.0.0.1:{_port}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public string ConnectionString => $"Host=127.0.0.1;Port={_port}";

    public int Requests => _requests;

    /// <summary>What it says where there is no code.</summary>
    public string Text { get; init; } = "<html>Bad Gateway</html>";

    public async Task PingAsync()
    {
        using var client = new ClickHouseClient(ConnectionString);
        using var store = new ChangeStore(client);
        await store.PingAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
    }

    async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception stopped)
                when (stopped is HttpListenerException or ObjectDisposedException
                    || (stopped is InvalidOperationException && !_listener.IsListening)
                )
            {
                return;
            }
            using var body = new StreamReader(context.Request.InputStream);
            var query = (context.Request.QueryString["query"] ?? "") + await body.ReadToEndAsync();
            var (status, code) = _answer(Interlocked.Increment(ref _requests), query);
            context.Response.StatusCode = status;
            var text = Text;
            if (code is { } known)
            {
                context.Response.Headers["X-ClickHouse-Exception-Code"] = known.ToString(CultureInfo.InvariantCulture);
                text = $"Code: {known}. DB::Exception: as a test wants it. ({FailureTable.NameOf(known)}) (version 25.8.1.1)\n";
            }
            context.Response.Close(System.Text.Encoding.UTF8.GetBytes(text), willBlock: true);
        }
    }
}
