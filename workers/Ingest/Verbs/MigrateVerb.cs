using System.CommandLine;
using Betting.Connections;
using Betting.Hosting;
using Betting.Schema;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Betting.Ingest.Verbs;

/// <summary><c>Ingest migrate</c>: brings PostgreSQL to this version's schema, once, before any replica starts.</summary>
static class MigrateVerb
{
    public static WorkerCommandLine WithMigrate(this WorkerCommandLine line)
    {
        var passwords = new Option<string[]>("--role-password")
        {
            Description = "NAME=PASSWORD or NAME=@FILE: lets a role (ingest, replicator, reader, warmer) log in; may be given several times",
        };
        var command = new Command("migrate", "Creates or updates the PostgreSQL schema and its roles. Needs a superuser, or the owner of the database where the roles exist.") { passwords };
        return line.WithVerb(command, builder => builder.Services.AddSection<PostgresOptions>(PostgresOptions.Section), (parsed, services, cancellation) =>
            MigrateAsync(parsed.GetValue(passwords) ?? [], services, cancellation));
    }

    static async Task<int> MigrateAsync(string[] passwords, IServiceProvider services, CancellationToken cancellation)
    {
        if (passwords.FirstOrDefault(password => password.IndexOf('=', StringComparison.Ordinal) < 1) is not null)
        {
            // The value is not repeated: it may be a password.
            await Console.Error.WriteLineAsync("Ingest migrate: --role-password takes NAME=PASSWORD or NAME=@FILE");
            return WorkerHost.BadSettings;
        }
        var connectionString = services.GetRequiredService<IOptions<PostgresOptions>>().Value.ConnectionString;
        var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Betting.Schema");
        try
        {
            var applied = await PostgresMigrator.MigrateAsync(connectionString, passwords.ToDictionary(Name, Password), log, cancellation);
            Console.WriteLine(applied == 0 ? "PostgreSQL is up to date." : $"{applied} scripts applied.");
            return 0;
        }
        catch (Exception failure) when (failure is SchemaException or NpgsqlException or IOException)
        {
            await Console.Error.WriteLineAsync($"Ingest migrate: {failure.Message}");
            return 1;
        }
    }

    static string Name(string assignment) => assignment[..assignment.IndexOf('=', StringComparison.Ordinal)];

    static string Password(string assignment)
    {
        var value = assignment[(assignment.IndexOf('=', StringComparison.Ordinal) + 1)..];
        return value.StartsWith('@') ? File.ReadAllText(value[1..]).TrimEnd('\r', '\n') : value;
    }
}
