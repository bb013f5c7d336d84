using Betting.Connections;
using Betting.Hosting;
using Microsoft.AspNetCore.Builder;

namespace Betting.Ingest.Verbs;

/// <summary>The addresses for a verb that needs only one of them: each is checked where it is given.</summary>
static class BrokerSettings
{
    public static void Bind(WebApplicationBuilder builder)
    {
        builder.Services.AddOptionalBrokers(builder.Configuration);
        builder.Services.AddSection<IngestOptions>(IngestOptions.Section);
    }
}
