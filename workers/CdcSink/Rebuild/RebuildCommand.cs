using System.CommandLine;
using System.Globalization;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Storage;
using Betting.Connections;
using Betting.Hosting;
using Betting.Schema;
using ClickHouse.Driver;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink.Rebuild;

/// <summary>
/// <c>CdcSink rebuild</c>: derives the rows anew from the changelog while replicas write and people query, then refreshes the summaries,
/// which may show the rows from before. Killed, it is run again.
/// </summary>
static class RebuildCommand
{
    static readonly TimeSpan RefreshLimit = TimeSpan.FromMinutes(10);

    static readonly Option<bool> All = new("--all") { Description = "The rows of all months" };
    static readonly Option<string?> FromMonth = new Option<string?>("--from-month")
    {
        Description = "The rows of this month (2026-01) and of all after it; older ones stay as they are",
    }.OfForm(
        text => DateTime.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "a month such as 2026-01"
    );
    static readonly Option<bool> DryRun = new("--dry-run") { Description = "Only count the bets" };

    public static Command Create() =>
        new("rebuild", "Drops the rows of bets and derives them anew from the changelog, inside ClickHouse, while replicas run")
        {
            All,
            FromMonth,
            DryRun,
        };

    public static async Task<int> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken cancellation)
    {
        var month = parsed.GetValue(FromMonth);
        DateTime? from = DateTime.TryParseExact(
            month,
            "yyyy-MM",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var first
        )
            ? first
            : null;
        if (month is not null ? from is null || parsed.GetValue(All) : !parsed.GetValue(All))
        {
            await Console.Error.WriteLineAsync("CdcSink rebuild: say --all, or --from-month with a month such as 2026-01");
            return WorkerHost.BadSettings;
        }
        await FirstAnswer.OfAsync(services.GetRequiredService<ClickHouseClient>(), cancellation);
        var clock = services.GetRequiredService<TimeProvider>();
        var connectionString = services.GetRequiredService<IOptions<ClickHouseOptions>>().Value.ConnectionString;
        using var store = new RebuildStore(
            services.GetRequiredService<ClickHouseClient>(),
            Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)
        );
        var rebuild = new RowsRebuild(
            store,
            services.GetRequiredService<ChangeStore>(),
            from,
            services.GetRequiredService<CdcSinkOptions>().JoinBets,
            clock,
            Console.Error.WriteLine
        );
        int code;
        try
        {
            code = await RebuildAsync(store, rebuild, connectionString, from, parsed.GetValue(DryRun), clock, cancellation);
        }
        // The next run removes what is left of this one.
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(
                rebuild.MayBeSwapped
                    ? "CdcSink rebuild: the new rows may be in force, and a few may be missing; run it again with --all"
                    : "CdcSink rebuild: readers see what they saw before; run it again"
            );
            await rebuild.FailAsync(cancellation);
            throw;
        }
        catch (OperationCanceledException)
        {
            await rebuild.FailAsync(CancellationToken.None);
            throw;
        }
        return code != 0 || parsed.GetValue(DryRun)
            ? code
            : await RefreshAsync(services.GetRequiredService<ClickHouseClient>(), clock, cancellation);
    }

    static async Task<int> RefreshAsync(ClickHouseClient client, TimeProvider clock, CancellationToken cancellation)
    {
        if (await new SummaryRefresh(new SummaryStore(client), RefreshLimit, clock).RunAsync(cancellation) is { } failed)
        {
            await Console.Error.WriteLineAsync($"CdcSink rebuild: {failed}. The rows are derived anew");
            return 1;
        }
        Console.WriteLine("the summaries are refreshed");
        return 0;
    }

    static async Task<int> RebuildAsync(
        RebuildStore store,
        RowsRebuild rebuild,
        string connectionString,
        DateTime? from,
        bool dryRun,
        TimeProvider clock,
        CancellationToken cancellation
    )
    {
        if (await store.EngineAsync(cancellation) is var engine && !engine.EndsWith("MergeTree", StringComparison.Ordinal))
        {
            await Console.Error.WriteLineAsync(
                $"CdcSink rebuild: {RebuildStore.Rows} is "
                    + $"{(engine.Length == 0 ? "not there" : engine)}; only the tables of one server can be rebuilt"
            );
            return 1;
        }
        if (dryRun)
        {
            Console.WriteLine(FormattableString.Invariant($"{await store.CountAsync(from, cancellation)} bets would be derived anew"));
            return 0;
        }
        var start = clock.GetTimestamp();
        var ruleSet = await store.RuleSetAsync(cancellation);
        if (await rebuild.RunAsync(cancellation) is not { } bets)
        {
            return 1;
        }
        Console.WriteLine(FormattableString.Invariant($"{bets} bets derived anew in {clock.GetElapsedTime(start).TotalSeconds:F1} s"));
        if (from is not null)
        {
            return 0;
        }
        if (!await RowStorage.IsToldAsync(connectionString, cancellation))
        {
            await Console.Error.WriteLineAsync(
                "CdcSink rebuild: "
                    + (
                        await RowStorage.WhatDiffersAsync(connectionString, null, cancellation)
                        ?? $"{RebuildStore.Rows} deletes rows by a rule that somebody made by hand"
                    )
                    + "; kept_since goes on leaving out what may be gone"
            );
            return 1;
        }
        await store.TellNothingIsGoneAsync(ruleSet, cancellation);
        return 0;
    }
}
