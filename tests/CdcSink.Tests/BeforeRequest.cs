namespace Betting.Tests.CdcSink;

/// <summary>Lets something happen in ClickHouse just before the first of certain requests is sent.</summary>
/// <param name="isMeant">Whether a request is one of them.</param>
/// <param name="first">Done before the first one.</param>
sealed class BeforeRequest(Func<HttpRequestMessage, Task<bool>> isMeant, Func<Task> first) : DelegatingHandler(new SocketsHttpHandler())
{
    /// <summary>How many of them there were.</summary>
    public int Count { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (await isMeant(request) && ++Count == 1)
        {
            await first();
        }
        return await base.SendAsync(request, cancellationToken);
    }
}
