using System.Diagnostics.Metrics;
using Betting.Hosting;
using Betting.Ingest.Failures;
using Betting.Tests.Ingest.Store;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Betting.Tests.Ingest.Failures;

/// <summary>What handlers tell outages to where no worker is around them.</summary>
static class Availability
{
    static readonly StoreFailures NoStores = new([]);

    public static Outages Outages(Readiness readiness) =>
        new(
            NoStores,
            readiness,
            new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>(),
            TimeProvider.System,
            NullLogger<Outages>.Instance
        );

    public static PostgresAvailability Of(Database database, Readiness readiness) =>
        new(database.Ingest, Outages(readiness), NoStores, TimeProvider.System, NullLogger<PostgresAvailability>.Instance);
}
