using System.Net;
using System.Text;
using Betting.Local.Engines;

namespace Betting.Tests.CdcSink.Lag;

/// <summary>Kafka Connect's two answers about a connector.</summary>
sealed class ConnectStub : IAsyncDisposable
{
    readonly HttpListener _listener = new();
    readonly Task _answering;

    public ConnectStub(ulong lsn)
    {
        Url = new Uri($"http://127.0.0.1:{FreePort.Take()}/");
        _listener.Prefixes.Add(Url.ToString());
        _listener.Start();
        _answering = AnswerAsync(lsn);
    }

    public Uri Url { get; }

    /// <summary>What the connector gives its records; null where Connect shows nobody its settings.</summary>
    public int? Epoch { get; set; }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _answering;
    }

    async Task AnswerAsync(ulong lsn)
    {
        while (_listener.IsListening)
        {
            HttpListenerContext asked;
            try
            {
                asked = await _listener.GetContextAsync();
            }
            catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            var isConfig = asked.Request.Url!.AbsolutePath.EndsWith("/config", StringComparison.Ordinal);
            asked.Response.StatusCode = isConfig && Epoch is null ? 403 : 200;
            var answer = isConfig
                ? $$"""{"transforms":"e","transforms.e.type":"org.apache.kafka.connect.transforms.InsertHeader","transforms.e.header":"epoch","transforms.e.value.literal":"{{Epoch}}"}"""
                : $$"""{"offsets":[{"partition":{"server":"{{Prefix}}" },"offset":{"lsn":{{lsn}} } }]}""";
            await asked.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer));
            asked.Response.Close();
        }
    }

    /// <summary>The connector's topic prefix.</summary>
    public required string Prefix { get; init; }
}
