using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Betting.Hosting;

/// <summary>
/// Traces over OTLP, where an endpoint is set: <c>OpenTelemetry:OtlpEndpoint</c>, or the standard environment variables
/// (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, <c>OTEL_EXPORTER_OTLP_PROTOCOL</c>, <c>OTEL_TRACES_SAMPLER</c> …). Without one nothing is traced.
/// </summary>
static class WorkerTraces
{
    public const string EndpointKey = "OpenTelemetry:OtlpEndpoint";

    public static void AddWorkerTraces(this WebApplicationBuilder builder, string worker)
    {
        var endpoint = builder.Configuration[EndpointKey];
        if (string.IsNullOrEmpty(endpoint) && builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is null && builder.Configuration["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] is null)
        {
            return;
        }
        builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService(worker)).WithTracing(traces => traces
            .AddSource("Betting.*", "Npgsql")
            .AddOtlpExporter(otlp =>
            {
                if (!string.IsNullOrEmpty(endpoint))
                {
                    otlp.Endpoint = new Uri(endpoint);
                    // By gRPC, but for an address that only OTLP over HTTP has.
                    otlp.Protocol = endpoint.EndsWith("/v1/traces", StringComparison.Ordinal) ? OtlpExportProtocol.HttpProtobuf : otlp.Protocol;
                }
            }));
    }
}
