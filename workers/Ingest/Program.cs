using Betting.Hosting;
using Betting.Ingest;
using Betting.Ingest.Verbs;

return await new WorkerCommandLine("Ingest", "Applies bet commands from RabbitMQ and Kafka to PostgreSQL, each exactly once in effect.")
    .WithMigrate()
    .WithPublish()
    .WithOutcome()
    .WithArchive()
    .WithParked()
    .WithDeadLetters()
    .RunAsync(args, builder => builder.AddIngest());
