using Spectre.Console;

namespace Betting.Local.Cluster.Watch;

/// <summary>The live table; where the output is no terminal, a line every five seconds.</summary>
sealed class Screen(Watcher watcher)
{
    static readonly TimeSpan OnTerminal = TimeSpan.FromSeconds(1),
        InFile = TimeSpan.FromSeconds(5);

    public async Task ShowAsync(CancellationToken ending)
    {
        try
        {
            if (AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected)
            {
                await AnsiConsole
                    .Live(new Text("…"))
                    .StartAsync(async live =>
                    {
                        while (true)
                        {
                            live.UpdateTarget(Table(await watcher.ReadAsync()));
                            await Task.Delay(OnTerminal, TimeProvider.System, ending);
                        }
                    });
            }
            while (true)
            {
                await Task.Delay(InFile, TimeProvider.System, ending);
                Console.WriteLine(Line(await watcher.ReadAsync()));
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested) { }
    }

    static Table Table(Reading reading)
    {
        var table = new Table().Title("betting pipeline").Border(TableBorder.Rounded).AddColumns("", "now").HideHeaders();
        table.AddRow("published", $"{reading.Published:N0} messages, {reading.PublishedPerSecond:N0}/s");
        table.AddRow(
            "Ingest → PostgreSQL",
            $"{reading.AppliedPerSecond:N0} commands/s, issued → committed p95 {reading.IngestP95 * 1000:N0} ms"
        );
        table.AddRow("outcomes", Markup.Escape(reading.OutcomesText()));
        table.AddRow("CacheWarmer → Redis", $"committed → counted p95 {reading.RedisP95 * 1000:N0} ms");
        table.AddRow("cache keys", Markup.Escape(reading.CacheText()));
        table.AddRow("CdcSink → ClickHouse", $"committed → visible p50 {reading.FreshnessP50:F2} s, p95 {reading.FreshnessP95:F2} s");
        table.AddRow("last reconciliation", Markup.Escape(reading.Reconciliation));
        return table;
    }

    static string Line(Reading reading) =>
        $"published {reading.Published:N0} ({reading.PublishedPerSecond:N0}/s) · applied {reading.AppliedPerSecond:N0}/s, p95 "
        + $"{reading.IngestP95 * 1000:N0} ms · {reading.OutcomesText()}"
        + $" · Redis p95 {reading.RedisP95 * 1000:N0} ms, {reading.CacheText()} · ClickHouse p50 {reading.FreshnessP50:F2} s p95 "
        + $"{reading.FreshnessP95:F2} s · reconciliation: {reading.Reconciliation}";
}
