using Betting.CdcSink;
using Betting.CdcSink.DeadLetters;
using Betting.CdcSink.Rebuild;
using Betting.CdcSink.Replay;
using Betting.CdcSink.Rewind;
using Betting.Connections;
using Betting.Hosting;

return await new WorkerCommandLine("CdcSink", "Sinks the change stream of users, events and bets into ClickHouse.")
    .WithVerb(MigrateCommand.Create(), builder => builder.Services.AddClickHouse(), MigrateCommand.RunAsync)
    .WithVerb(ReplayCommand.Create(), builder => builder.Services.AddSinkPipeline(), ReplayCommand.RunAsync)
    .WithVerb(RewindCommand.Create(), builder => builder.Services.AddSinkPipeline().AddKafka(), RewindCommand.RunAsync)
    .WithVerb(RebuildCommand.Create(), builder => builder.Services.AddSinkPipeline(), RebuildCommand.RunAsync)
    .WithDeadLetters()
    .RunAsync(args, builder => builder.Services.AddSinkWorker());
