using System.CommandLine;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Write;
using Betting.Connections;
using Betting.Debezium;
using Betting.Hosting;
using ClickHouse.Driver;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink.Replay;

/// <summary>
/// <c>CdcSink replay FILE…</c>: puts archived records through the same pipeline as the worker's. Exit code 0, or 1 if records
/// could not be used; these are kept in the file of <c>--dead-letters</c>. The worker's own progress is not moved.
/// </summary>
static class ReplayCommand
{
    static readonly Argument<FileInfo[]> Files = new Argument<FileInfo[]>("files")
    {
        Description = "Archived records, one JSON object a line; .gz is unpacked",
        Arity = ArgumentArity.OneOrMore,
    }.ToRead();

    static readonly Option<FileInfo?> Rejected = new Option<FileInfo?>("--dead-letters")
    {
        Description = "Where records that cannot be used are appended, in the archive's form with a reason",
    }.ToWrite();

    public static Command Create() => new("replay", "Applies archived change records to ClickHouse") { Files, Rejected };

    /// <summary>
    /// A restart of ClickHouse takes less; after that the verb ends with code 2, and what it applied stays applied: it may be run again.
    /// </summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    public static async Task<int> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken cancellation)
    {
        using var letters = new DeadLetterFile(parsed.GetValue(Rejected)?.FullName);
        // A ClickHouse that is away is told at once; one that goes later is waited for, within a limit.
        await FirstAnswer.OfAsync(services.GetRequiredService<ClickHouseClient>(), cancellation);
        var applier = Applier(services, letters);
        var replay = ActivatorUtilities.CreateInstance<ArchiveReplay>(services, applier);
        var options = services.GetRequiredService<IOptions<CdcSinkOptions>>().Value;
        var clock = services.GetRequiredService<TimeProvider>();
        var start = clock.GetTimestamp();
        var paths = parsed.GetRequiredValue(Files).Select(file => file.FullName).ToList();
        var decoder = new RecordDecoder(options.Decoding());
        var records = await replay.RunAsync(
            paths.SelectMany(Archive.Read),
            decoder,
            applied => Console.Error.Write($"\r{applied:N0} records, {applied / clock.GetElapsedTime(start).TotalSeconds:N0}/s "),
            cancellation
        );
        Console.Error.WriteLine();
        Console.WriteLine(
            $"{records:N0} records applied in {clock.GetElapsedTime(start).TotalSeconds:F1} s, {letters.Count:N0} could not be used"
        );
        return letters.Count == 0 ? ExitCodes.Done : ExitCodes.NotDone;
    }

    static RetryingBatchWriter Applier(IServiceProvider services, IDeadLetters letters) =>
        new(
            ActivatorUtilities.CreateInstance<BatchApplier>(services, letters),
            services.GetRequiredService<CdcSinkOptions>(),
            services.GetRequiredService<CdcSinkMetrics>(),
            services.GetRequiredService<Readiness>(),
            services.GetRequiredService<ClickHouseOutage>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<RetryingBatchWriter>>()
        )
        {
            Timeout = Timeout,
        };
}
