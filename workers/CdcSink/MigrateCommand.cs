using System.CommandLine;
using Betting.Connections;
using Betting.Schema;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink;

/// <summary><c>CdcSink migrate</c>: brings ClickHouse to this version's schema, before any replica starts.</summary>
static class MigrateCommand
{
    static readonly Option<string> Cluster = new("--cluster")
    {
        Description = "The name of a cluster as the servers know it: tables are replicated, bets sharded by their id. Without it, one server",
    };

    static readonly Option<bool> Print = new("--print") { Description = "Prints the statements and runs none" };

    public static Command Create() => new("migrate", "Brings ClickHouse to this version's schema") { Cluster, Print };

    public static async Task<int> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken cancellation)
    {
        var cluster = parsed.GetValue(Cluster);
        if (parsed.GetValue(Print))
        {
            foreach (var statement in ClickHouseMigrator.Script(cluster))
            {
                Console.WriteLine(statement + ";\n");
            }
            return 0;
        }
        var connection = services.GetRequiredService<IOptions<ClickHouseOptions>>().Value.ConnectionString;
        var applied = await ClickHouseMigrator.MigrateAsync(connection, cluster, cancellation);
        Console.WriteLine(applied.Count == 0 ? "the schema is current" : $"applied {string.Join(", ", applied)}");
        return 0;
    }
}
