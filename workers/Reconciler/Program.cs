using Betting.Connections;
using Betting.Hosting;
using Betting.Reconciler;
using Betting.Reconciler.Cli;
using Betting.Reconciler.Runs;

return await new WorkerCommandLine("Reconciler", "Proves every day that ClickHouse equals PostgreSQL, row for row.")
    .WithVerb(RunCommand.Create(), builder => builder.Services.AddReconciliation(), RunCommand.ActAsync)
    .RunAsync(args, builder =>
        builder
            .Services.AddReconciliation()
            .AddPostgresSettings(PostgresNeeds.Writes | PostgresNeeds.Capture)
            .AddLoop<StoreLoop>()
            .AddLoop<ScheduleLoop>()
    );
