using Betting.CdcSink;
using Betting.CdcSink.Replay;
using Betting.Connections;
using Betting.Hosting;

return await new WorkerCommandLine("CdcSink", "Sinks the change stream of users, events and bets into ClickHouse.")
    .WithVerb(MigrateCommand.Create(), builder => builder.Services.AddClickHouse(), MigrateCommand.RunAsync)
    .WithVerb(ReplayCommand.Create(), builder => builder.Services.AddSinkPipeline(), ReplayCommand.RunAsync)
    .RunAsync(args, builder => builder.Services.AddSinkWorker());
