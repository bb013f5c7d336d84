using System.Text;
using Betting.Connections;
using Betting.Contracts.Commands;
using Betting.DeadLetters;
using Betting.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Verbs;

/// <summary>A command that the journal does not have may be among the dead letters: its id stands in the letter's bytes.</summary>
static class DeadLetterLookUp
{
    /// <returns>The verb's exit code: 0 where a letter was found, 3 where none was, 2 where a broker could not be asked.</returns>
    public static async Task<int> TellAsync(Guid id, IServiceProvider services, CancellationToken cancellation)
    {
        if (services.GetRequiredService<IOptions<RabbitMqOptions>>().Value.Uri == "" && services.GetRequiredService<IOptions<KafkaOptions>>().Value.BootstrapServers == "")
        {
            await Console.Error.WriteLineAsync($"No command {id} has been applied. Set RabbitMq:Uri or Kafka:BootstrapServers to look among the dead letters as well.");
            return ExitCodes.NotThere;
        }
        var found = 0;
        try
        {
            await foreach (var store in DeadLettersVerb.OpenAsync(null, services, cancellation))
            {
                await using (store)
                {
                    await new LetterRun(store, new LetterFilter(), long.MaxValue).LookAsync(letter => found += Tell(letter, id, store.Name), cancellation);
                }
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"No command {id} has been applied; the dead letters could not be looked through: {Why(failure, services)}");
            return ExitCodes.CouldNotAsk;
        }
        if (found == 0)
        {
            await Console.Error.WriteLineAsync($"No command {id} has been applied, and it is not among the dead letters.");
        }
        return found == 0 ? ExitCodes.NotThere : ExitCodes.Done;
    }

    // The client's own words name no store.
    static string Why(Exception failure, IServiceProvider services) => services.GetRequiredService<StoreFailures>().Recognise(failure) is var (store, detail)
        ? $"could not ask {store.Store}: {detail}" : failure.Message.ReplaceLineEndings(" ");

    static int Tell(StoredLetter letter, Guid id, string door)
    {
        if (!Encoding.UTF8.GetString(letter.Body.Span).Contains(id.ToString(), StringComparison.OrdinalIgnoreCase))
        {
            return 0;
        }
        Console.WriteLine($"""
            outcome    dead-letter
            reason     {letter.Reason}
            door       {door}
            from       {letter.From}
            put aside  {CommandTime.ToText(letter.At)}
            letter     {letter.Id}
            """);
        return 1;
    }
}
