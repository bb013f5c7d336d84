using System.CommandLine;
using System.Globalization;
using Betting.Hosting;
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
    readonly Option<string?> _since = new("--since") { Description = "Put aside since a moment (2026-11-22T12:00:00Z) or for a time (90m, 2h, 3d)" };
    readonly Option<string?> _until = new("--until") { Description = "Put aside before such a moment or time" };
    readonly Option<int?> _partition = new("--partition") { Description = "Only originals of this Kafka partition" };
    readonly Option<long?> _fromOffset = new("--from-offset") { Description = "Only originals from this Kafka offset on" };
    readonly Option<long?> _toOffset = new("--to-offset") { Description = "Only originals up to this Kafka offset" };
    readonly Option<string?> _contains = new("--contains") { Description = "Only letters whose body has this text" };
    readonly Option<long> _limit = new("--limit") { Description = "Letters at most", DefaultValueFactory = _ => long.MaxValue };
    readonly Option<int> _text = new("--text") { Description = "Characters of the body to show", DefaultValueFactory = _ => 120 };
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
    public static WorkerCommandLine AddTo(WorkerCommandLine line, string worker, Action<WebApplicationBuilder> compose, OpenStores open, Option<string?>? store = null)
    {
        var verbs = new LetterVerbs(worker, store ?? new Option<string?>("--door") { Description = "Only the dead letters of this door" }, open);
        var parent = new Command("dead-letters", "Looks at messages that were put aside, sends them back, or drops them.");
        return line
            .WithVerb(parent, verbs.Narrowed("list", "Lists letters, each once.", verbs._limit, verbs._text, verbs._json), compose, verbs.ListAsync)
            .WithVerb(parent, new Command("show", "Shows all of one letter.") { verbs._id, verbs._store, verbs._json, verbs._raw }, compose, verbs.ShowAsync)
            .WithVerb(parent, verbs.Narrowed("replay", "Sends letters back to where they came from, as they came.", verbs._limit, verbs._all, verbs._dryRun), compose,
                (parsed, services, cancellation) => verbs.EndAsync(parsed, services, LetterEnd.Replayed, cancellation))
            .WithVerb(parent, verbs.Narrowed("drop", "Removes letters for good.", verbs._limit, verbs._all, verbs._dryRun), compose,
                (parsed, services, cancellation) => verbs.EndAsync(parsed, services, LetterEnd.Dropped, cancellation));
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

    Task<int> ListAsync(ParseResult parsed, IServiceProvider services, CancellationToken cancellation) => OverStoresAsync(parsed, services, async (store, filter) =>
    {
        var (text, json) = (parsed.GetValue(_text), parsed.GetValue(_json));
        var run = new LetterRun(store, filter, parsed.GetValue(_limit));
        var totals = await run.LookAsync(letter => Console.WriteLine(json ? LetterText.Json(letter, text) : LetterText.Line(letter, text)), cancellation);
        await Console.Error.WriteLineAsync($"{store.Name}: {Count(totals)}");
        return 0;
    }, cancellation);

    async Task<int> ShowAsync(ParseResult parsed, IServiceProvider services, CancellationToken cancellation)
    {
        var found = 0L;
        var failed = await OverStoresAsync(parsed, services, new LetterFilter { Ids = [parsed.GetRequiredValue(_id)] }, async (store, filter) =>
        {
            var totals = await new LetterRun(store, filter, long.MaxValue).LookAsync(Show, cancellation);
            found += totals.Letters;
            return 0;
        }, cancellation);
        if (found == 0 && failed == 0)
        {
            await Console.Error.WriteLineAsync($"{_worker} dead-letters: there is no letter {parsed.GetValue(_id)}");
        }
        return failed != 0 ? failed : found == 0 ? ExitCodes.NotThere : ExitCodes.Done;

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

    async Task<int> EndAsync(ParseResult parsed, IServiceProvider services, LetterEnd end, CancellationToken cancellation)
    {
        var found = 0L;
        var code = await OverStoresAsync(parsed, services, async (store, filter) =>
        {
            var (result, letters) = await EndAsync(parsed, store, filter, end, cancellation);
            found += letters;
            return result;
        }, cancellation);
        if (code != ExitCodes.Done || found > 0 || parsed.GetValue(_ids) is not { Length: > 0 } ids)
        {
            return code;
        }
        await Console.Error.WriteLineAsync($"{_worker} dead-letters: there is no letter {string.Join(", ", ids)}");
        return ExitCodes.NotThere;
    }

    async Task<(int Code, long Letters)> EndAsync(ParseResult parsed, IDeadLetterStore store, LetterFilter filter, LetterEnd end, CancellationToken cancellation)
    {
        var (done, would) = end == LetterEnd.Replayed ? ("replayed", "would be replayed") : ("dropped", "would be dropped");
        if (filter.IsEmpty && !parsed.GetValue(_all))
        {
            await Console.Error.WriteLineAsync($"{_worker} dead-letters: say which letters, or --all");
            return (ExitCodes.BadSettings, 0);
        }
        var run = new LetterRun(store, filter, parsed.GetValue(_limit)) { Progress = totals => Console.Error.WriteLine($"{store.Name}: {Count(totals)} so far") };
        if (parsed.GetValue(_dryRun))
        {
            var seen = await run.LookAsync(_ => { }, cancellation);
            Console.WriteLine($"{store.Name}: {Count(seen)} {would}");
            return (ExitCodes.Done, seen.Letters);
        }
        var totals = await run.EndAsync(end, cancellation);
        Console.WriteLine($"{store.Name}: {Count(totals with { Letters = totals.Letters - totals.Refused })} {done}");
        if (totals.Refused > 0)
        {
            await Console.Error.WriteLineAsync($"{_worker} dead-letters: {totals.Refused} letters cannot be sent back and stay: list tells why");
        }
        return (totals.Refused > 0 ? ExitCodes.NotDone : ExitCodes.Done, totals.Letters);
    }

    async Task<int> OverStoresAsync(ParseResult parsed, IServiceProvider services, Func<IDeadLetterStore, LetterFilter, Task<int>> act, CancellationToken cancellation)
    {
        var clock = services.GetRequiredService<TimeProvider>();
        if (!TryMoment(parsed.GetValue(_since), clock, out var since) || !TryMoment(parsed.GetValue(_until), clock, out var until))
        {
            await Console.Error.WriteLineAsync($"{_worker} dead-letters: --since and --until take a moment such as 2026-11-22T12:00:00Z, or a time such as 90m, 2h or 3d");
            return WorkerHost.BadSettings;
        }
        return await OverStoresAsync(parsed, services, new LetterFilter
        {
            Ids = parsed.GetValue(_ids) ?? [],
            Reason = parsed.GetValue(_reason),
            Kind = parsed.GetValue(_kind),
            Since = since,
            Until = until,
            Partition = parsed.GetValue(_partition),
            FromOffset = parsed.GetValue(_fromOffset),
            ToOffset = parsed.GetValue(_toOffset),
            Contains = parsed.GetValue(_contains),
        }, act, cancellation);
    }

    async Task<int> OverStoresAsync(ParseResult parsed, IServiceProvider services, LetterFilter filter, Func<IDeadLetterStore, LetterFilter, Task<int>> act, CancellationToken cancellation)
    {
        var code = 0;
        try
        {
            await foreach (var store in _open(parsed.GetValue(_store), services, cancellation))
            {
                await using (store)
                {
                    code = Math.Max(code, await act(store, filter));
                }
            }
            return code;
        }
        // Whatever a client throws.
        catch (Exception failure) when (failure is not (OperationCanceledException or ArgumentsException))
        {
            await Console.Error.WriteLineAsync($"{_worker} dead-letters: what was not done is still there");
            throw;
        }
    }

    static bool TryMoment(string? text, TimeProvider clock, out DateTime? moment)
    {
        moment = null;
        if (text is null)
        {
            return true;
        }
        if (text.Length > 1 && "smhd".Contains(text[^1], StringComparison.Ordinal) && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && count < 1e7)
        {
            var unit = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 86400 };
            moment = clock.GetUtcNow().UtcDateTime.AddSeconds(-count * unit);
            return true;
        }
        var read = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed);
        moment = read ? parsed.UtcDateTime : null;
        return read;
    }

    static string Count(LetterTotals totals) => string.Create(CultureInfo.InvariantCulture, $"{totals.Letters} letters{(totals.Copies == 0 ? "" : $" and {totals.Copies} copies of them")}");
}
