using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Betting.Contracts;
using Betting.Local.Engines;

namespace Betting.Local.Cluster;

/// <summary>The real connector, with the settings that this project ships, through Kafka Connect's REST interface.</summary>
sealed class DebeziumConnector(Uri connect, int postgresPort, int epoch)
{
    const string Name = "betting-postgres";
    static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };
    Uri Connector => new(connect, $"/connectors/{Name}");

    public async Task RegisterAsync()
    {
        var settings = JsonNode
            .Parse(await File.ReadAllTextAsync(Path.Combine(Installed.ProjectRoot, "compose", "debezium-connector.json")))!
            .AsObject();
        settings["database.hostname"] = "127.0.0.1";
        settings["database.port"] = postgresPort.ToString(CultureInfo.InvariantCulture);
        settings["database.dbname"] = EngineSet.Database;
        settings["database.user"] = "replicator";
        settings["database.password"] = "";
        settings["topic.prefix"] = ChangeTopics.DefaultPrefix;
        settings["transforms.epoch.value.literal"] = epoch.ToString(CultureInfo.InvariantCulture);
        using var answer = await Http.PutAsJsonAsync(new Uri(connect, $"/connectors/{Name}/config"), settings);
        if (!answer.IsSuccessStatusCode)
        {
            throw new EngineException(
                $"Kafka Connect refused the connector: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}"
            );
        }
        await Deadline.UntilAsync("the connector's task", TimeSpan.FromSeconds(60), IsRunningAsync);
    }

    /// <summary>Takes the connector away, so that it does not look for a PostgreSQL that is going to stop. Its offsets stay.</summary>
    public async Task StopAsync()
    {
        using var answer = await Http.DeleteAsync(Connector);
    }

    async Task<bool> IsRunningAsync()
    {
        var status = await Http.GetFromJsonAsync<JsonObject>(new Uri(connect, $"/connectors/{Name}/status"));
        var task = status?["tasks"]?.AsArray().FirstOrDefault();
        if (task?["state"]?.GetValue<string>() == "FAILED")
        {
            throw new EngineException("the connector's task failed: " + task["trace"]?.GetValue<string>().Split('\n')[0]);
        }
        return task?["state"]?.GetValue<string>() == "RUNNING";
    }
}
