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
            Description =
                $"NAME=PASSWORD or NAME=@FILE: lets a role ({string.Join(", ", PostgresMigrator.Roles)}) log in; may be "
                + $"given several times",
        }.Where(text => NamedPassword.WhatIsWrong(text, PostgresMigrator.Roles));
        var command = new Command(
            "migrate",
            "Creates or updates the PostgreSQL schema and its roles. Needs a superuser, or the owner of the database where the roles exist."
        )
        {
            passwords,
        };
        return line.WithVerb(
            command,
            builder => builder.Services.AddPostgres("ingest migrate"),
            (parsed, services, cancellation) => MigrateAsync(parsed.GetValue(passwords) ?? [], services, cancellation)
        );
    }

    static async Task<int> MigrateAsync(string[] passwords, IServiceProvider services, CancellationToken cancellation)
    {
        var settings = new NpgsqlConnectionStringBuilder(services.GetRequiredService<IOptions<PostgresOptions>>().Value.ConnectionString)
        {
            TargetSessionAttributes = null,
        };
        settings.Host = await services.GetRequiredService<PostgresSource>().PrimaryHostAsync(cancellation) ?? settings.Host;
        var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Betting.Schema");
        try
        {
            if (NamedPassword.ReadAll(passwords) is not { } roles)
            {
                await Console.Error.WriteLineAsync("Ingest migrate: --role-password takes NAME=PASSWORD or NAME=@FILE");
                return WorkerHost.BadSettings;
            }
            var applied = await PostgresMigrator.MigrateAsync(
                settings.ConnectionString,
                roles.ToDictionary(role => role.Name, role => role.Password),
                log,
                cancellation
            );
            Console.WriteLine(applied == 0 ? "PostgreSQL is up to date." : $"{applied} scripts applied.");
            return 0;
        }
        catch (Exception failure) when (failure is SchemaException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"Ingest migrate: {failure.Message}");
            return ExitCodes.NotDone;
        }
    }
}
