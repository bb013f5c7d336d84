using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Exporter;
using OpenTelemetry.Trace;

namespace Betting.Hosting;

/// <summary>
/// Traces over OTLP, where an endpoint is set: <c>OpenTelemetry:OtlpEndpoint</c>, or the standard environment variables
/// (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, <c>OTEL_EXPORTER_OTLP_PROTOCOL</c>, <c>OTEL_TRACES_SAMPLER</c> …). Without one nothing is traced.
/// </summary>
static class WorkerTraces
{
    const string EndpointKey = $"{TraceOptions.Section}:{nameof(TraceOptions.OtlpEndpoint)}";

    public static void AddWorkerTraces(this WebApplicationBuilder builder)
    {
        builder.Services.AddSection<TraceOptions>(TraceOptions.Section);
        var endpoint = builder.Configuration[EndpointKey];
        if (
            string.IsNullOrEmpty(endpoint)
            && builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is null
            && builder.Configuration["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] is null
        )
        {
            return;
        }
        if (!string.IsNullOrEmpty(endpoint) && !TraceOptions.IsAddress(endpoint))
        {
            // The check of all settings says so.
            return;
        }
        builder
            .Services.AddOpenTelemetry()
            .WithTracing(traces =>
                traces
                    .AddSource("Betting.*", "Npgsql")
                    .AddOtlpExporter(otlp =>
                    {
                        if (!string.IsNullOrEmpty(endpoint))
                        {
                            otlp.Endpoint = new Uri(endpoint);
                            // By gRPC, but for an address that only OTLP over HTTP has.
                            otlp.Protocol = endpoint.EndsWith("/v1/traces", StringComparison.Ordinal)
                                ? OtlpExportProtocol.HttpProtobuf
                                : otlp.Protocol;
                        }
                    })
            );
    }
}
