using System.CommandLine;
using System.Globalization;
using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Betting.Ingest.Verbs;

/// <summary><c>Ingest archive</c>: keeps the journal that is written to small; every id stays known.</summary>
static class ArchiveVerb
{
    public static WorkerCommandLine WithArchive(this WorkerCommandLine line)
    {
        var age = new Option<int>("--older-than")
        {
            Description = "Days since a command was applied; 90 by default",
            DefaultValueFactory = _ => 90,
        }.InRange(0, 36_500);
        var isTrial = new Option<bool>("--dry-run") { Description = "Counts the rows and moves none" };
        var command = new Command(
            "archive",
            "Moves old rows of the journal to commands_archive, where duplicates of them are still "
                + "recognised. Needs the rights of the tables' owner."
        )
        {
            age,
            isTrial,
        };
        return line.WithVerb(
            command,
            builder => builder.Services.AddPostgres("ingest archive", PostgresSessions.GiveUpLocks).AddSingleton<JournalArchive>(),
            (parsed, services, cancellation) => MoveAsync(parsed.GetValue(age), parsed.GetValue(isTrial), services, cancellation)
        );
    }

    static async Task<int> MoveAsync(int days, bool isTrial, IServiceProvider services, CancellationToken cancellation)
    {
        var before = services.GetRequiredService<TimeProvider>().GetUtcNow().AddDays(-days);
        try
        {
            var rows = await services.GetRequiredService<JournalArchive>().RunAsync(before, isTrial, new Progress(), cancellation);
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{rows:N0} commands {(isTrial ? "would be" : "were")} " + $"archived.")
            );
            return 0;
        }
        catch (NpgsqlException)
        {
            await Console.Error.WriteLineAsync("Ingest archive: what was moved before stays moved, and the next run goes on");
            throw;
        }
    }

    /// <summary>A line for each tenth, in order and at once, unlike <see cref="Progress{T}"/>.</summary>
    sealed class Progress : IProgress<(double Share, long Rows)>
    {
        int _tenths;

        public void Report((double Share, long Rows) value)
        {
            if ((int)(value.Share * 10) > _tenths)
            {
                _tenths = (int)(value.Share * 10);
                Console.Error.WriteLine(
                    string.Create(CultureInfo.InvariantCulture, $"{_tenths * 10} % of the journal, {value.Rows:N0} commands")
                );
            }
        }
    }
}
