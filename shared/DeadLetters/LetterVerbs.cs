using System.CommandLine;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Betting.DeadLetters;

/// <summary>Opens the stores that are asked for: one that is named, or all there are.</summary>
public delegate IAsyncEnumerable<IDeadLetterStore> OpenStores(string? door, IServiceProvider services, CancellationToken cancellation);

/// <summary><c>dead-letters list|show|replay|drop</c>, the same for every worker that puts messages aside.</summary>
public sealed class LetterVerbs
{
    readonly Option<string?> _store;
    readonly Option<string[]> _ids = new("--id") { Description = "Only the letter with this id; may be given several times" };
    readonly Option<string?> _reason = new("--reason") { Description = "Only letters whose reason has this text, or whose field is this" };
    readonly Option<string?> _kind = new("--kind") { Description = "Only letters that seem to be of this kind, such as place-bet" };
    readonly Option<string?> _since = new Option<string?>("--since")
    {
        Description = "Put aside since a moment (2026-11-22T12:00:00Z) or a time ago (90m, 2h, 3d)",
    }.OfForm(HasForm, PastMoment.Forms);
    readonly Option<string?> _until = new Option<string?>("--until") { Description = "Put aside before such a moment or time" }.OfForm(
        HasForm,
        PastMoment.Forms
    );
    readonly Option<int?> _partition = new Option<int?>("--partition") { Description = "Only originals of this Kafka partition" }.InRange(
        0,
        int.MaxValue
    );
    readonly Option<long?> _fromOffset = new Option<long?>("--from-offset")
    {
        Description = "Only originals from this Kafka offset on",
    }.InRange(0, long.MaxValue);
    readonly Option<long?> _toOffset = new Option<long?>("--to-offset") { Description = "Only originals up to this Kafka offset" }.InRange(
        0,
        long.MaxValue
    );
    readonly Option<string?> _contains = new("--contains") { Description = "Only letters whose body has this text" };
    readonly Option<long> _limit = new Option<long>("--limit")
    {
        Description = "Letters at most, of each queue, topic or table",
        DefaultValueFactory = _ => long.MaxValue,
    }.InRange(1, long.MaxValue);
    readonly Option<int> _text = new Option<int>("--text")
    {
        Description = "Characters of the body to show",
        DefaultValueFactory = _ => 120,
    }.InRange(0, int.MaxValue);
    readonly Option<bool> _json = new("--json") { Description = "One JSON object a line" };
    readonly Option<bool> _dryRun = new("--dry-run") { Description = "Only count what would be done" };
    readonly Option<bool> _all = new("--all") { Description = "All letters; needed where nothing narrows" };
    readonly Option<bool> _raw = new("--raw") { Description = "Nothing but the original's bytes" };
    readonly Argument<string> _id = new("ID") { Description = "The letter's id, as list tells it" };
    readonly string _worker;
    readonly OpenStores _open;

    LetterVerbs(string worker, Option<string?> store, OpenStores open) => (_worker, _store, _open) = (worker, store, open);

    /// <summary>Adds the verbs to a worker's command line.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="worker">The worker's name, for messages.</param>
    /// <param name="compose">Adds what <paramref name="open"/> needs.</param>
    /// <param name="open">Opens the stores.</param>
    /// <param name="store">How one of the stores is named; without it <c>--door</c>.</param>
    public static WorkerCommandLine AddTo(
        WorkerCommandLine line,
        string worker,
        Action<WebApplicationBuilder> compose,
        OpenStores open,
        Option<string?>? store = null
    )
    {
        var verbs = new LetterVerbs(
            worker,
            store ?? new Option<string?>("--door") { Description = "Only the dead letters of this door" }.OneOf("rabbitmq", "kafka"),
            open
        );
        var parent = new Command("dead-letters", "Looks at messages that were put aside, sends them back, or drops them.");
        return line.WithVerb(
                parent,
                verbs.Narrowed("list", "Lists letters, each once.", verbs._limit, verbs._text, verbs._json),
                compose,
                verbs.ListAsync
            )
            .WithVerb(
                parent,
                new Command("show", "Shows all of one letter.") { verbs._id, verbs._store, verbs._json, verbs._raw },
                compose,
                verbs.ShowAsync
            )
            .WithVerb(
                parent,
                verbs.Guarded(
                    verbs.Narrowed(
                        "replay",
                        "Sends letters back to where they came from, as they came.",
                        verbs._limit,
                        verbs._all,
                        verbs._dryRun
                    )
                ),
                compose,
                (parsed, services, cancellation) => verbs.EndUnlessInterruptedAsync(parsed, services, LetterEnd.Replayed, cancellation)
            )
            .WithVerb(
                parent,
                verbs.Guarded(verbs.Narrowed("drop", "Removes letters for good.", verbs._limit, verbs._all, verbs._dryRun)),
                compose,
                (parsed, services, cancellation) => verbs.EndUnlessInterruptedAsync(parsed, services, LetterEnd.Dropped, cancellation)
            );
    }

    Command Narrowed(string name, string purpose, params Option[] own)
    {
        var command = new Command(name, purpose);
        Option[] options = [_store, _ids, _reason, _kind, _since, _until, _partition, _fromOffset, _toOffset, _contains, .. own];
        foreach (var option in options)
        {
            command.Options.Add(option);
        }
        return command;
    }

    Task<int> ListAsync(ParseResult parsed, IServiceProvider services, CancellationToken cancellation) =>
        OverStoresAsync(
            parsed,
            services,
            async (store, filter, seen) =>
            {
                var (text, json) = (parsed.GetValue(_text), parsed.GetValue(_json));
                var run = new LetterRun(store, filter, parsed.GetValue(_limit), seen);
                var totals = await run.ReadAsync(
                    letter => Console.WriteLine(json ? LetterText.Json(letter, text) : LetterText.Line(letter, text)),
                    cancellation
                );
                await Console.Error.WriteLineAsync($"{store.Name}: {Count(totals.Letters, totals.Copies)}{BeyondLimit(totals)}");
                return 0;
            },
            cancellation
        );

    async Task<int> ShowAsync(ParseResult parsed, IServiceProvider services, CancellationToken cancellation)
    {
        var found = 0L;
        try
        {
            await OverStoresAsync(
                parsed,
                services,
                new LetterFilter { Ids = [parsed.GetRequiredValue(_id)] },
                async (store, filter, seen) =>
                {
                    var totals = await new LetterRun(store, filter, long.MaxValue, seen).ReadAsync(Show, cancellation);
                    found += totals.Letters;
                    return ExitCodes.Done;
                },
                cancellation
            );
        }
        catch (Exception) when (found > 0 && !cancellation.IsCancellationRequested)
        {
            // What was asked for is shown, whichever other store is away.
            return ExitCodes.Done;
        }
        if (found == 0)
        {
            await Console.Error.WriteLineAsync($"{_worker} dead-letters: there is no letter {parsed.GetValue(_id)}");
        }
        return found == 0 ? ExitCodes.NotThere : ExitCodes.Done;

        void Show(StoredLetter letter)
        {
            if (parsed.GetValue(_raw))
            {
                using var output = Console.OpenStandardOutput();
                output.Write(letter.Body.Span);
                return;
            }
            Console.WriteLine(parsed.GetValue(_json) ? LetterText.Json(letter, int.MaxValue) : LetterText.Whole(letter));
        }
    }

    async Task<int> EndUnlessInterruptedAsync(ParseResult parsed, IServiceProvider services, LetterEnd end, CancellationToken cancellation)
    {
        try
        {
            return await EndAsync(parsed, services, end, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"{_worker} dead-letters: interrupted; what was not done is still there");
            return ExitCodes.NotDone;
        }
    }

    async Task<int> EndAsync(ParseResult parsed, IServiceProvider services, LetterEnd end, CancellationToken cancellation)
    {
        var absent = (parsed.GetValue(_ids) ?? []).ToHashSet();
        if (
            absent.Count > 0
            && await SharedIds.OfAsync(_open(parsed.GetValue(_store), services, cancellation), FilterOf(parsed, services), cancellation)
                is { Count: > 0 } shared
        )
        {
            await Console.Error.WriteLineAsync(
                $"{_worker} dead-letters: nothing is {Done(end)}: different letters have the id {string.Join(", ", shared)}, as where "
                    + $"their topic was made anew; choose with --since, --until or --contains"
            );
            return ExitCodes.NotDone;
        }
        var (ended, staying) = (0L, 0L);
        try
        {
            var code = await OverStoresAsync(
                parsed,
                services,
                async (store, filter, seen) =>
                {
                    var run = Run(parsed, services, store, filter, seen);
                    try
                    {
                        return parsed.GetValue(_dryRun)
                            ? await CountAsync(run, store, end, cancellation)
                            : await EndAsync(run, store, end, cancellation);
                    }
                    finally
                    {
                        absent.ExceptWith(run.Found);
                        (ended, staying) = (ended + run.Totals.Ended, staying + run.Totals.Staying);
                    }
                },
                cancellation
            );
            if (absent.Count > 0)
            {
                await Console.Error.WriteLineAsync(
                    $"{_worker} dead-letters: there is no letter {string.Join(", ", absent.Order(StringComparer.Ordinal))}"
                );
                code = code == ExitCodes.Done ? ExitCodes.NotThere : code;
            }
            return code;
        }
        finally
        {
            if (staying > 0 && !parsed.GetValue(_dryRun))
            {
                await Console.Error.WriteLineAsync($"{_worker} dead-letters: {ended} letters {Done(end)}, {staying} stay");
            }
        }
    }

    LetterRun Run(ParseResult parsed, IServiceProvider services, IDeadLetterStore store, LetterFilter filter, SeenLetters seen) =>
        new(store, filter, parsed.GetValue(_limit), seen)
        {
            Clock = services.GetRequiredService<TimeProvider>(),
            Progress = totals => Console.Error.WriteLine($"{store.Name}: {Count(totals.Ended, totals.EndedCopies)}{Stay(totals)} so far"),
            Stays = (letter, why) => Console.Error.WriteLine($"{store.Name}: {letter.Id} stays: {LetterText.Visible(why, 300)}"),
        };

    static async Task<int> CountAsync(LetterRun run, IDeadLetterStore store, LetterEnd end, CancellationToken cancellation)
    {
        var seen = await run.CountAsync(end, cancellation);
        Console.WriteLine(
            $"{store.Name}: {Count(seen.Letters - seen.Staying, seen.Copies)} would be {Done(end)}{Stay(seen)}{BeyondLimit(seen)}"
        );
        return ExitCodes.Done;
    }

    static async Task<int> EndAsync(LetterRun run, IDeadLetterStore store, LetterEnd end, CancellationToken cancellation)
    {
        var isWhole = false;
        try
        {
            var totals = await run.EndAsync(end, cancellation);
            isWhole = true;
            return totals.Staying > 0 ? ExitCodes.NotDone : ExitCodes.Done;
        }
        finally
        {
            // A store that did not answer at all is named by its failure alone.
            if (isWhole || run.Totals.Ended + run.Totals.Staying + run.Unmarked > 0)
            {
                var beyond = isWhole ? BeyondLimit(run.Totals) : "";
                Console.WriteLine($"{store.Name}: {Count(run.Totals.Ended, run.Totals.EndedCopies)} {Done(end)}{Stay(run.Totals)}{beyond}");
            }
            if (run.Unmarked > 0)
            {
                await Console.Error.WriteLineAsync(
                    end == LetterEnd.Replayed
                        ? $"{store.Name}: {run.Unmarked} more letters were sent back, and marking them failed: those that list shows "
                            + $"still are sent again by the next replay"
                        : $"{store.Name}: {run.Unmarked} more letters were being dropped: list shows which of them are left"
                );
            }
        }
    }

    Task<int> OverStoresAsync(
        ParseResult parsed,
        IServiceProvider services,
        Func<IDeadLetterStore, LetterFilter, SeenLetters, Task<int>> act,
        CancellationToken cancellation
    ) => OverStoresAsync(parsed, services, FilterOf(parsed, services), act, cancellation);

    LetterFilter FilterOf(ParseResult parsed, IServiceProvider services)
    {
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        return new LetterFilter
        {
            Ids = parsed.GetValue(_ids) ?? [],
            Reason = parsed.GetValue(_reason),
            Kind = parsed.GetValue(_kind),
            Since = Moment(parsed.GetValue(_since), now),
            Until = Moment(parsed.GetValue(_until), now),
            Partition = parsed.GetValue(_partition),
            FromOffset = parsed.GetValue(_fromOffset),
            ToOffset = parsed.GetValue(_toOffset),
            Contains = parsed.GetValue(_contains),
        };
    }

    async Task<int> OverStoresAsync(
        ParseResult parsed,
        IServiceProvider services,
        LetterFilter filter,
        Func<IDeadLetterStore, LetterFilter, SeenLetters, Task<int>> act,
        CancellationToken cancellation
    )
    {
        var (code, isKafkaAway, seen) = (ExitCodes.Done, false, new SeenLetters());
        Exception? failed = null;
        await foreach (var store in _open(parsed.GetValue(_store), services, cancellation))
        {
            await using (store)
            {
                if (isKafkaAway && store is KafkaDeadLetterStore)
                {
                    await Console.Error.WriteLineAsync($"{store.Name}: not asked");
                    continue;
                }
                try
                {
                    code = Math.Max(code, await act(store, filter, seen));
                }
                // Whatever a client throws; its own limits are cancellations that nobody asked for. The other stores may answer.
                catch (Exception failure) when (failure is not ArgumentsException && !cancellation.IsCancellationRequested)
                {
                    var detail = Detail(store, failure, services);
                    await Console.Error.WriteLineAsync($"{store.Name}: {detail}; what was not done is still there");
                    isKafkaAway |=
                        failure
                            is KafkaException
                            {
                                Error.Code: ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Resolve
                            };
                    failed ??= failure;
                }
            }
        }
        if (failed is not null)
        {
            ExceptionDispatchInfo.Throw(failed);
        }
        return code;
    }

    // The letters of Kafka also need the store that has their lock.
    static string Detail(IDeadLetterStore store, Exception failure, IServiceProvider services) =>
        services.GetRequiredService<StoreFailures>().Recognise(failure) is var (asked, detail)
            ? store is KafkaDeadLetterStore && failure is not (KafkaException or LettersInUseException)
                ? $"{asked.Store}: {detail}"
                : detail
            : StoreFailures.LineOf(failure);

    // The parser has refused what has no such form.
    static DateTime? Moment(string? text, DateTimeOffset now) =>
        text is not null && PastMoment.TryParse(text, now, out var moment) ? moment.UtcDateTime : null;

    static bool HasForm(string text) => PastMoment.TryParse(text, DateTimeOffset.UnixEpoch.AddYears(60), out _);

    // Whatever the stores are: refused before the first of them is opened.
    Command Guarded(Command command)
    {
        command.Validators.Add(parsed =>
        {
            if (!parsed.IsOn(_all) && !command.Options.Except([_store, _limit, _all, _dryRun]).Any(parsed.IsGiven))
            {
                parsed.AddError("say which letters, or --all");
            }
        });
        return command;
    }

    static string Done(LetterEnd end) => end == LetterEnd.Replayed ? "replayed" : "dropped";

    static string Stay(LetterTotals totals) =>
        totals.Staying == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {totals.Staying} stay");

    static string BeyondLimit(LetterTotals totals) =>
        totals.BeyondLimit == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {totals.BeyondLimit} more are beyond --limit");

    static string Count(long letters, long copies) =>
        string.Create(CultureInfo.InvariantCulture, $"{letters} letters{(copies == 0 ? "" : $" and {copies} copies of them")}");
}
