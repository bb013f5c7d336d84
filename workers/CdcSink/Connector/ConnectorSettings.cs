using System.Text.Json;
using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink.Connector;

/// <summary>
/// Looks at the connector's settings once a minute, where <see cref="ConnectOptions.Url"/> is set, and reports those under which rows can
/// be missing or wrong without a sign. A Kafka Connect that does not answer is reported by the loop that asks it for positions.
/// </summary>
sealed class ConnectorSettings(
    IOptions<ConnectOptions> options,
    Readiness readiness,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<ConnectorSettings> log
) : IWorkerLoop, IDisposable
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "connect-settings";

    static readonly TimeSpan Every = TimeSpan.FromMinutes(1),
        WhileBroken = TimeSpan.FromSeconds(1),
        Limit = TimeSpan.FromSeconds(4);

    // A configuration has some kilobytes.
    const int MaxBytes = 1 << 20;

    readonly SettingWatch _watch = new(Stores.Connect, Condition, readiness, log);
    readonly HttpClient _http = new() { Timeout = Limit, MaxResponseContentBufferSize = MaxBytes };

    public string Name => Condition;

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            var pause = Every;
            try
            {
                if (options.Value.IsKnown)
                {
                    var found = ConnectorRules.Judge(await ReadAsync(stopping)).ToLookup(each => each.IsJudged, each => each.Line);
                    List<string> broken = [.. found[true]];
                    _watch.Saw(broken);
                    _watch.DidNotSee(found.Contains(false) ? string.Join("; ", found[false]) : null);
                    pause = broken.Count > 0 ? WhileBroken : Every;
                }
            }
            catch (Exception away)
                when (away is HttpRequestException or JsonException
                    || (away is OperationCanceledException && !stopping.IsCancellationRequested)
                )
            {
                pause = WhileBroken;
            }
            await heartbeats.WhileAsync(Name, Task.Delay(pause, clock, stopping));
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// The answer of <c>GET /connectors/NAME/config</c>: one object of settings. It may hold secrets, also in the
    /// names of settings, so only what the rules name is logged.
    /// </summary>
    /// <exception cref="JsonException">It is not Kafka Connect that answers.</exception>
    async Task<Dictionary<string, string>> ReadAsync(CancellationToken stopping)
    {
        var address = new Uri(options.Value.Url!, $"/connectors/{Uri.EscapeDataString(options.Value.Connector)}/config");
        using var answer = await _http.GetAsync(address, stopping);
        answer.EnsureSuccessStatusCode();
        using var document = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(stopping));
        return ConnectOffsets.SettingsOf(document.RootElement);
    }
}
