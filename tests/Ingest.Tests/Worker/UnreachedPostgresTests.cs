using System.Net;
using System.Net.Sockets;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;

namespace Betting.Tests.Ingest.Worker;

/// <summary>PostgreSQL takes the connection and answers nothing, from the start on.</summary>
public sealed class UnreachedPostgresTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task A_worker_that_has_not_reached_it_is_not_ready_not_even_at_first()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var worker = stage.Start(
            $"--Postgres:ConnectionString=Host=127.0.0.1;Port={((IPEndPoint)silent.LocalEndpoint).Port};Database=betting;Username=ingest"
        );
        await Deadline.UntilAsync("the first answer", Limit, async () =>
            (await worker.BodyAsync("/health/ready")).Contains("\"postgres\":\"not reached yet\"", StringComparison.Ordinal)
        );
        await Deadline.UntilAsync("an outage that is told", Limit, async () =>
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await worker.StatusAsync("/health/ready"));
            return worker.Log.Contains("no answer in time", StringComparison.Ordinal);
        });
    }
}
