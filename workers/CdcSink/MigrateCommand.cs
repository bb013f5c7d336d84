using System.CommandLine;
using Betting.Connections;
using Betting.Hosting;
using Betting.Schema;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink;

/// <summary><c>CdcSink migrate</c>: brings ClickHouse to this version's schema, before any replica starts.</summary>
static class MigrateCommand
{
    static readonly Option<string> Cluster = new("--cluster")
    {
        Description =
            "The name of a cluster as the servers know it: tables are replicated, bets sharded by their id. Without it, one server",
    };

    static readonly Option<bool> Print = new("--print") { Description = "Prints the statements and runs none" };

    static readonly Option<string> Policy = Named(
        "--storage-policy",
        "A storage policy of the server's configuration for the rows of bets; it needs a volume 'default' with the disk 'default'"
    );

    static readonly Option<string> Volume = Named("--cold-volume", "The volume of that policy for old rows; 'cold' by default");

    static readonly Option<string> ColdAfter = Aged(
        "--cold-after",
        "When rows go to the cold volume, counted from placed_at: 24mo, 2y, or never. Together with --keep"
    );

    static readonly Option<string> Keep = Aged(
        "--keep",
        "When rows are deleted, counted from placed_at: 84mo, 7y, or never. The changelog stays whole"
    );

    static readonly Option<string[]> Users = new Option<string[]>("--user-password")
    {
        Description =
            $"NAME=PASSWORD or NAME=@FILE: makes a user ({string.Join(", ", ClickHouseUsers.Names)}) with the rights it "
            + $"needs and no others; may be given several times",
    }.Where(text => NamedPassword.WhatIsWrong(text, ClickHouseUsers.Names));

    public static Command Create() =>
        new(
            "migrate",
            "Brings ClickHouse to this version's schema, creates lost summaries and changed views again, and sets where its rows lie and "
                + "how long. A table that is lost is an error"
        )
        {
            Cluster,
            Print,
            Policy,
            Volume,
            ColdAfter,
            Keep,
            Users,
        };

    public static async Task<int> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken cancellation)
    {
        var cluster = parsed.GetValue(Cluster);
        var storage = new RowStorage(
            parsed.GetValue(Policy),
            parsed.GetValue(Volume) ?? "cold",
            Months(parsed.GetValue(ColdAfter)),
            Months(parsed.GetValue(Keep))
        );
        if (RuleOf(storage) is { } wrong)
        {
            throw new ArgumentsException(wrong);
        }
        try
        {
            if (NamedPassword.ReadAll(parsed.GetValue(Users) ?? []) is not { } users)
            {
                // The value is not repeated: it may be a password.
                await Console.Error.WriteLineAsync("CdcSink migrate: --user-password takes NAME=PASSWORD or NAME=@FILE");
                return WorkerHost.BadSettings;
            }
            var connection = services.GetRequiredService<IOptions<ClickHouseOptions>>().Value.ConnectionString;
            var rights = users
                .SelectMany(user => ClickHouseUsers.Statements(new ClickHouseClientSettings(connection).Database, user, cluster))
                .ToList();
            if (parsed.GetValue(Print))
            {
                foreach (
                    var statement in ClickHouseMigrator.Script(cluster).Concat(storage.Statements(cluster, hasRules: true)).Concat(rights)
                )
                {
                    Console.WriteLine(statement + ";\n");
                }
                return 0;
            }
            await FirstAnswer.WithoutDatabaseAsync(connection, cancellation);
            var done = await ClickHouseMigrator.MigrateAsync(connection, cluster, cancellation);
            Report(done);
            if (!storage.IsEmpty && done.Newer.Count > 0)
            {
                await Console.Error.WriteLineAsync(
                    "CdcSink migrate: the schema is a newer version's: where rows lie and how long is left as it is"
                );
            }
            else if (!storage.IsEmpty)
            {
                var isLonger = await storage.ApplyAsync(connection, cluster, cancellation);
                Console.WriteLine("where rows lie and how long is set");
                if (isLonger)
                {
                    Console.WriteLine(
                        "rows that expired before do not come back by themselves, and kept_since leaves them out: run CdcSink rebuild --all"
                    );
                }
            }
            await AllowAsync(connection, rights, cancellation);
            if (done.Newer.Count == 0 && await RowStorage.WhatDiffersAsync(connection, cluster, cancellation) is { } differs)
            {
                await Console.Error.WriteLineAsync($"CdcSink migrate: {differs}");
                return 1;
            }
            return 0;
        }
        catch (Exception failure) when (failure is SchemaException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"CdcSink migrate: {failure.Message}");
            return 1;
        }
        catch (ClickHouseServerException refused) when (WrongArgument(refused, cluster, storage) is { } argument)
        {
            throw new ArgumentsException(argument);
        }
    }

    static void Report(Migration done)
    {
        if (done.CreatedAgain.Count > 0)
        {
            Console.WriteLine($"lost and created again: {string.Join(", ", done.CreatedAgain)}; a refresh fills them");
        }
        if (done.Replaced.Count > 0)
        {
            Console.WriteLine($"not defined as in this version's files and created again: {string.Join(", ", done.Replaced)}");
        }
        if (done.Newer.Count > 0)
        {
            Console.WriteLine($"the schema is of a newer version than this program, which does not know {string.Join(", ", done.Newer)}");
            return;
        }
        var applied = done.Applied.Count == 0 ? "the schema is current" : $"applied {string.Join(", ", done.Applied)}";
        Console.WriteLine(applied);
    }

    // Names that only the server can check: CLUSTER_DOESNT_EXIST, UNKNOWN_POLICY, and BAD_TTL_EXPRESSION, which here has nothing else of an
    // argument.
    static string? WrongArgument(ClickHouseServerException refused, string? cluster, RowStorage storage) =>
        refused.ErrorCode switch
        {
            701 when cluster is not null => $"--cluster: ClickHouse knows no cluster '{cluster}'",
            478 when storage.Policy is not null => $"--storage-policy: ClickHouse knows no storage policy '{storage.Policy}'",
            450 when storage.ColdAfter > 0 => $"--cold-volume: the table's storage policy has no volume '{storage.Volume}'",
            _ => null,
        };

    // A rule that cannot be is refused before anything is done.
    static string? RuleOf(RowStorage storage)
    {
        try
        {
            _ = storage.Statements(null, hasRules: false).Count();
            return null;
        }
        catch (SchemaException wrong)
        {
            return wrong.Message.TrimEnd('.');
        }
    }

    static async Task AllowAsync(string connection, List<string> rights, CancellationToken cancellation)
    {
        using var client = new ClickHouseClient(ClickHouseSettings.Plain(connection));
        foreach (var statement in rights)
        {
            await client.ExecuteNonQueryAsync(statement, cancellationToken: cancellation);
        }
    }

    static int? Months(string? text) => text is null ? null : RowStorage.Months(text);

    static Option<string> Named(string name, string description)
    {
        var option = new Option<string>(name) { Description = description };
        option.Validators.Add(given =>
        {
            if (given.Tokens is [var token] && !RowStorage.IsName(token.Value))
            {
                given.AddError($"{name} takes letters, digits and _");
            }
        });
        return option;
    }

    static Option<string> Aged(string name, string description)
    {
        var option = new Option<string>(name) { Description = description };
        option.Validators.Add(given =>
        {
            if (given.Tokens is [var token] && RowStorage.Months(token.Value) is null)
            {
                given.AddError($"{name} takes a number of months (24mo) or years (7y), 36 years at most, or never");
            }
        });
        return option;
    }
}
