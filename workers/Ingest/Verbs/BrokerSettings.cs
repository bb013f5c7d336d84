using Betting.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Betting.Ingest.Verbs;

/// <summary>The addresses for a verb that needs only one of them: bound, and the check that all are there left out.</summary>
static class BrokerSettings
{
    public static void Bind(WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<RabbitMqOptions>().BindConfiguration(RabbitMqOptions.Section);
        builder.Services.AddOptions<KafkaOptions>().BindConfiguration(KafkaOptions.Section);
        builder.Services.AddOptions<PostgresOptions>().BindConfiguration(PostgresOptions.Section);
        builder.Services.AddOptions<IngestOptions>().BindConfiguration(IngestOptions.Section);
    }
}
