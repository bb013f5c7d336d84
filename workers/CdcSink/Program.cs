using System.CommandLine;
using Betting.CdcSink;
using Betting.CdcSink.Replay;
using Betting.Connections;
using Betting.Hosting;
using Betting.Schema;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

return await new WorkerCommandLine("CdcSink", "Sinks the change stream of users, events and bets into ClickHouse.")
    .WithVerb(new Command("migrate", "Brings ClickHouse to this version's schema"), builder => builder.Services.AddClickHouse(), async (_, services, cancellation) =>
    {
        var applied = await ClickHouseMigrator.MigrateAsync(services.GetRequiredService<IOptions<ClickHouseOptions>>().Value.ConnectionString, cancellation);
        Console.WriteLine(applied.Count == 0 ? "the schema is current" : $"applied {string.Join(", ", applied)}");
        return 0;
    })
    .WithVerb(ReplayCommand.Create(), builder => builder.Services.AddSinkPipeline(), ReplayCommand.RunAsync)
    .RunAsync(args, builder => builder.Services.AddSinkWorker());
