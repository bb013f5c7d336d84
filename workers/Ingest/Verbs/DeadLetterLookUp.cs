using System.Text;
using Betting.Contracts.Commands;
using Betting.DeadLetters;
using Betting.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Betting.Ingest.Verbs;

/// <summary>A command that the journal does not have may be among the dead letters: its id stands in the letter's bytes.</summary>
static class DeadLetterLookUp
{
    /// <returns>
    /// The verb's exit code: 0 where a letter was found, 3 where none was, 2 where a broker could not be asked, also because its address is
    /// not in the settings.
    /// </returns>
    public static async Task<int> PrintAsync(Guid id, IServiceProvider services, CancellationToken cancellation)
    {
        DoorBroker[] places = [.. DoorBroker.Of(services)];
        DoorBroker[] asked = [.. places.Where(place => place.IsSet)],
            missing = [.. places.Where(place => place is { IsSet: false, IsOpened: true })];
        var found = 0;
        Exception? failed = null;
        await foreach (
            var store in asked.Length == 0 ? AsyncEnumerable.Empty<IDeadLetterStore>() : DeadLettersVerb.OpenAsync(null, services)
        )
        {
            await using (store)
            {
                try
                {
                    await new LetterRun(store, new LetterFilter(), long.MaxValue, new SeenLetters()).ReadAsync(
                        letter => found += Print(letter, id, store.Name),
                        cancellation
                    );
                }
                catch (Exception failure) when (!cancellation.IsCancellationRequested)
                {
                    // The letter may be in another store.
                    failed ??= failure;
                }
            }
        }
        if (found > 0)
        {
            return ExitCodes.Done;
        }
        if (failed is not null)
        {
            await Console.Error.WriteLineAsync(
                $"No command {id} has been applied; the dead letters could not be looked through: {Why(failed, services)}"
            );
            return ExitCodes.CouldNotAsk;
        }
        var answer =
            $"No command {id} has been applied"
            + (asked.Length == 0 ? "" : $", and it is not among the dead letters of {Names(asked, place => place.Store)}");
        await Console.Error.WriteLineAsync(
            missing.Length == 0
                ? $"{answer}."
                : $"{answer}; could not ask {Names(missing, place => place.Store)}: set {Names(missing, place => place.Setting)}, or "
                    + $"Ingest:Doors without it."
        );
        return missing.Length == 0 ? ExitCodes.NotThere : ExitCodes.CouldNotAsk;
    }

    static string Names(IEnumerable<DoorBroker> places, Func<DoorBroker, string> name) => string.Join(" and ", places.Select(name));

    // The client's own words name no store.
    static string Why(Exception failure, IServiceProvider services) =>
        services.GetRequiredService<StoreFailures>().Recognise(failure) is var (store, detail)
            ? $"could not ask {store.Store}: {detail}"
            : StoreFailures.LineOf(failure);

    static int Print(StoredLetter letter, Guid id, string door)
    {
        if (!Encoding.UTF8.GetString(letter.Body.Span).Contains(id.ToString(), StringComparison.OrdinalIgnoreCase))
        {
            return 0;
        }
        Console.WriteLine(
            $"""
            outcome    dead-letter
            reason     {letter.Reason}
            door       {door}
            from       {letter.From}
            put aside  {CommandTime.ToText(letter.At)}
            letter     {letter.Id}
            """
        );
        return 1;
    }
}
