using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>A mistyped section in the environment is refused at boot; variables of other programs are not.</summary>
public sealed class EnvironmentSectionTests
{
    // Ends the worker with a line of its own, once the environment has passed.
    const string Last = "Logs:Level";

    static readonly Dictionary<string, string> Foreign = new()
    {
        ["DOTNET_gcServer__x"] = "0",
        ["KUBERNETES_SERVICE__HOST"] = "10.0.0.1",
        ["KUBERNETES_PORT_443_TCP__PROTO"] = "tcp",
        ["REDIS_PORT"] = "tcp://10.0.0.2:6379",
        ["KAFKA_URL"] = "x",
        ["POSTGRES_PASSWORD"] = "x",
        ["INGEST_SERVICE_HOST"] = "10.0.0.3",
        ["INGEST_PORT"] = "tcp://10.0.0.3:8080",
        ["HTTPS__PORT"] = "8443",
        ["CONTACT__EMAIL"] = "x",
        ["MYAPP__INGEST__MAXAMOUNT"] = "1",
        ["Logging__LogLevel__Default"] = "Warning",
        ["Log__Dir"] = "x",
        ["__CF_USER_TEXT_ENCODING"] = "0x0",
        ["GIT__x"] = "1",
    };

    [Theory]
    [InlineData("Ingst__MaxAmount", "did you mean Ingest?")]
    [InlineData("INGSET__MAXAMOUNT", "did you mean Ingest?")]
    [InlineData("Ingests__MaxAmount", "did you mean Ingest?")]
    [InlineData("Cdcsnk__Group", "did you mean CdcSink?")]
    [InlineData("CacheWarmr__TopicPrefix", "did you mean CacheWarmer?")]
    [InlineData("Reconcilr__Schedule", "did you mean Reconciler?")]
    [InlineData("Postgre__ConnectionString", "did you mean Postgres?")]
    [InlineData("OpenTelemtry__OtlpEndpoint", "did you mean OpenTelemetry?")]
    public async Task A_section_that_is_one_letter_wrong_ends_every_worker_with_one_line(string variable, string said)
    {
        foreach (var worker in new[] { "Ingest", "CacheWarmer", "CdcSink", "Reconciler" })
        {
            await RefusedAsync(worker, variable, said);
        }
    }

    [Theory]
    [InlineData("Ingest", "Kafak__BootstrapServers", "did you mean Kafka?")]
    [InlineData("Ingest", "Kafka1__Client__acks", "did you mean Kafka?")]
    [InlineData("Ingest", "RabitM__Uri", "did you mean RabbitMq?")]
    [InlineData("Ingest", "Log__Level", "did you mean Logs?")]
    [InlineData("CacheWarmer", "Reds__ConnectionString", "did you mean Redis?")]
    [InlineData("CdcSink", "ClickHosue__ConnectionString", "did you mean ClickHouse?")]
    [InlineData("CdcSink", "Htp__Url", "did you mean Http?")]
    [InlineData("Ingest", "Ingest_MaxAmount", "did you mean Ingest__MaxAmount?")]
    [InlineData("CdcSink", "CDCSINK_GROUP", "did you mean CdcSink__Group?")]
    public Task A_short_or_otherwise_mistyped_section_with_a_setting_of_the_worker_is_refused(
        string worker,
        string variable,
        string said
    ) => RefusedAsync(worker, variable, said);

    [Theory]
    [InlineData("Ingest")]
    [InlineData("CacheWarmer")]
    [InlineData("CdcSink")]
    [InlineData("Reconciler")]
    public async Task Variables_of_others_are_not_looked_at(string worker)
    {
        var (code, lines) = await WorkerProgram.RunAsync(worker, Foreign, [$"--{Last}=loud"]);

        Assert.Equal(78, code);
        Assert.StartsWith($"{worker}: {Last}: one of ", Assert.Single(lines), StringComparison.Ordinal);
        Assert.DoesNotContain(';', lines[0]);
    }

    static async Task RefusedAsync(string worker, string variable, string said)
    {
        var (code, lines) = await WorkerProgram.RunAsync(worker, new(Foreign) { [variable] = "10" }, []);

        Assert.True(code == 78, string.Join('\n', lines));
        var line = Assert.Single(lines);
        Assert.StartsWith($"{worker}: {variable.Split("__")[0]}", line, StringComparison.Ordinal);
        Assert.EndsWith(said, line, StringComparison.Ordinal);
    }
}
