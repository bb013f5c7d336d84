using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Betting.Brokers;
using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.RabbitMq;

/// <summary>
/// Looks once a minute at the policies that apply to the queues of commands, where <see cref="RabbitMqOptions.ManagementUri"/> is set, and
/// reports those that lose messages. AMQP does not show policies.
/// </summary>
public sealed class RabbitSettings(
    IOptions<RabbitMqOptions> options,
    Readiness readiness,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<RabbitSettings> log
) : IWorkerLoop, IDisposable
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "rabbitmq-settings";

    static readonly TimeSpan Every = TimeSpan.FromMinutes(1),
        WhileBroken = TimeSpan.FromSeconds(1),
        Beat = TimeSpan.FromSeconds(5);

    // A queue's state has some kilobytes.
    const int MostBytes = 1 << 20;

    readonly SettingWatch _watch = new(Stores.Rabbit, Condition, readiness, log);
    readonly HttpClient _http = Client(options.Value);
    bool _isToldAway;

    public string Name => Condition;

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            var pause = Every;
            try
            {
                var (broken, isWhole) = await BrokenAsync(stopping);
                _watch.Saw(broken);
                _isToldAway = false;
                pause =
                    broken.Count > 0 ? WhileBroken
                    : isWhole ? Every
                    : Beat;
            }
            catch (Exception failure)
                when (failure is HttpRequestException or JsonException or OperationCanceledException && !stopping.IsCancellationRequested)
            {
                ReportAway(failure);
            }
            await BeatingAsync(pause, stopping);
        }
    }

    public void Dispose() => _http.Dispose();

    // A queue that is not made yet is passed over. One that was just made has no policy in the answers for some seconds.
    async Task<(List<string> Broken, bool IsWhole)> BrokenAsync(CancellationToken stopping)
    {
        var (broken, isWhole) = (new List<string>(), true);
        _ = RabbitAddress.TryParse(options.Value.Uri, out var rabbit);
        foreach (var queue in RabbitPolicies.Queues)
        {
            using var answer = await _http.GetAsync(
                new Uri($"api/queues/{Uri.EscapeDataString(rabbit!.VirtualHost)}/{queue}", UriKind.Relative),
                stopping
            );
            using var queueState =
                answer.StatusCode == HttpStatusCode.NotFound
                    ? null
                    : await JsonDocument.ParseAsync(
                        await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(stopping),
                        default,
                        stopping
                    );
            var policy =
                queueState is { RootElement: { ValueKind: JsonValueKind.Object } state }
                && state.TryGetProperty("effective_policy_definition", out var applied)
                    ? applied
                    : default;
            broken.AddRange(RabbitPolicies.WhatIsBroken(queue, policy));
            isWhole &= policy.ValueKind != JsonValueKind.Undefined;
        }
        return (broken, isWhole);
    }

    // The worker needs no management plugin; one that does not answer is told once.
    void ReportAway(Exception failure)
    {
        if (!_isToldAway)
        {
            _isToldAway = true;
            IngestLog.PoliciesNotSeen(
                log,
                failure is HttpRequestException { StatusCode: { } status } ? $"it answers {(int)status}"
                    : failure is JsonException ? "it does not answer as RabbitMQ's HTTP API"
                    : failure is HttpRequestException ? Network.Describe(failure)
                    : "no answer in time"
            );
        }
    }

    async Task BeatingAsync(TimeSpan pause, CancellationToken stopping)
    {
        for (var started = clock.GetTimestamp(); clock.GetElapsedTime(started) < pause; )
        {
            heartbeats.Beat(Name);
            await Task.Delay(pause < Beat ? pause : Beat, clock, stopping);
        }
    }

    static HttpClient Client(RabbitMqOptions options)
    {
        _ = RabbitAddress.TryParse(options.Uri, out var rabbit);
        var (user, password) = rabbit!.Credentials;
        var client = new HttpClient
        {
            BaseAddress = new Uri(options.ManagementUri),
            Timeout = TimeSpan.FromSeconds(4),
            MaxResponseContentBufferSize = MostBytes,
        };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic",
            Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))
        );
        return client;
    }
}
