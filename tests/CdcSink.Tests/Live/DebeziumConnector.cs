using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Betting.Local.Engines;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// The settings that this project ships, given to a real Kafka Connect. Each epoch is a connector of its own name: the offsets that
/// Connect keeps by that name belong to the cluster that was captured.
/// </summary>
/// <param name="connect">Kafka Connect's address.</param>
/// <param name="postgresPort">Of the captured cluster.</param>
/// <param name="epoch">In the header of every record from the first on.</param>
/// <param name="signals">A file that the connector reads signals from.</param>
sealed class DebeziumConnector(Uri connect, int postgresPort, int epoch, string signals)
{
    static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };
    readonly Uri _connector = new(connect, $"/connectors/betting-{epoch.ToString(CultureInfo.InvariantCulture)}");

    public async Task RegisterAsync()
    {
        await ConfigureAsync(epoch);
        await UntilTaskIsAsync("RUNNING");
    }

    /// <summary>The connector begins anew with another epoch; records of the former one may still come until a record has it.</summary>
    public Task RaiseEpochAsync(int newEpoch) => ConfigureAsync(newEpoch);

    /// <summary>
    /// A snapshot reads one table alone, or those of its rows for which the condition holds: it blocks the stream or runs beside it.
    /// </summary>
    public async Task ReadAgainAsync(string table, bool beside, string? condition)
    {
        var data = new JsonObject
        {
            ["data-collections"] = new JsonArray($"public.{table}"),
            ["type"] = beside ? "INCREMENTAL" : "BLOCKING",
        };
        if (condition is not null)
        {
            var filter = $"SELECT * FROM public.{table} WHERE {condition}";
            data["additional-conditions"] = new JsonArray(new JsonObject { ["data-collection"] = $"public.{table}", ["filter"] = filter });
        }
        var signal = new JsonObject
        {
            ["id"] = Guid.NewGuid().ToString(),
            ["type"] = "execute-snapshot",
            ["data"] = data,
        };
        await File.WriteAllTextAsync(signals, signal.ToJsonString() + "\n");
    }

    async Task ConfigureAsync(int withEpoch)
    {
        var settings = JsonNode
            .Parse(await File.ReadAllTextAsync(Path.Combine(Installed.ProjectRoot, "compose", "debezium-connector.json")))!
            .AsObject();
        settings["database.hostname"] = "127.0.0.1";
        settings["database.port"] = postgresPort.ToString(CultureInfo.InvariantCulture);
        settings["database.dbname"] = LiveStage.Database;
        settings["database.password"] = "";
        settings["transforms.epoch.value.literal"] = withEpoch.ToString(CultureInfo.InvariantCulture);
        settings["signal.enabled.channels"] = "source,file";
        settings["signal.data.collection"] = $"public.{LiveStage.SignalTable}";
        settings["signal.file"] = signals;
        settings["signal.poll.interval.ms"] = "500";
        // A producer looks for new partitions every five minutes by default.
        settings["producer.override.metadata.max.age.ms"] = "2000";
        using var answer = await Http.PutAsJsonAsync(new Uri(_connector + "/config"), settings);
        if (!answer.IsSuccessStatusCode)
        {
            throw new EngineException(
                $"Kafka Connect refused the connector: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}"
            );
        }
    }

    Task UntilTaskIsAsync(string state) => Deadline.UntilAsync($"the connector's task to be {state}", TimeSpan.FromMinutes(2), async () =>
        {
            var status = await Http.GetFromJsonAsync<JsonObject>(new Uri(_connector + "/status"));
            return status?["tasks"]?.AsArray().FirstOrDefault()?["state"]?.GetValue<string>() == state;
        });

    /// <summary>Whether Connect has stored a position in the log behind the snapshot: one that still belongs to it says so.</summary>
    public async Task<bool> HasStoredOffsetsAsync()
    {
        var offsets = await Http.GetFromJsonAsync<JsonObject>(new Uri(_connector + "/offsets"));
        return offsets?["offsets"]?.AsArray().FirstOrDefault()?["offset"] is JsonObject offset
            && offset["lsn"] is not null
            && (offset["snapshot"] is null || offset["snapshot_completed"]?.GetValue<bool>() == true);
    }

    public async Task RestartAsync()
    {
        using var answer = await Http.PostAsync(new Uri(_connector + "/restart?includeTasks=true"), null);
        answer.EnsureSuccessStatusCode();
        await UntilTaskIsAsync("RUNNING");
    }

    public Task PauseAsync() => PutAsync("/pause");

    public Task ResumeAsync() => PutAsync("/resume");

    async Task PutAsync(string what)
    {
        using var answer = await Http.PutAsync(new Uri(_connector + what), null);
        answer.EnsureSuccessStatusCode();
    }

    public async Task DeleteAsync()
    {
        using var answer = await Http.DeleteAsync(_connector);
        answer.EnsureSuccessStatusCode();
    }
}
