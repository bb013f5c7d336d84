using System.CommandLine;
using System.Globalization;
using Betting.Brokers;
using Betting.CdcSink.Commit;
using Betting.CdcSink.KafkaTopics;
using Betting.Connections;
using Betting.Contracts;
using Betting.Debezium;
using Betting.Hosting;
using ClickHouse.Driver;
using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink.Rewind;

/// <summary>
/// <c>CdcSink rewind --to PLACE</c>: orders partitions to be read again. Whoever owns a partition obeys, so it is safe while
/// replicas run; nobody running, the next one to start does.
/// </summary>
static class RewindCommand
{
    static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);

    static readonly Option<string> To = new Option<string>("--to")
    {
        Description = $"The place to read again from: {RewindTarget.Forms}",
        Required = true,
    }.OfForm(text => RewindTarget.TryParse(text, DateTimeOffset.UnixEpoch.AddYears(60), out _), RewindTarget.Forms);
    static readonly Option<string[]> Table = new Option<string[]>("--table")
    {
        Description = "Only the topic of this table; may be given several times. Default all three",
    }.AcceptOnlyFromAmong("users", "events", "bets");
    static readonly Option<int?> Partition = new Option<int?>("--partition") { Description = "Only this partition" }.InRange(
        0,
        int.MaxValue
    );
    static readonly Option<int?> Epoch = new Option<int?>("--epoch")
    {
        Description = "The cluster that the LSN is of. Default the newest that ClickHouse knows",
    }.InRange(0, ChangeVersion.MaxEpoch);
    static readonly Option<bool> Forward = new("--forward") { Description = "Also where records would be skipped that were never read" };
    static readonly Option<bool> DryRun = new("--dry-run") { Description = "Only tell what would be read again" };
    static readonly Option<bool> NoWait = new("--no-wait")
    {
        Description = "Give the order and end, without waiting until it has been obeyed and the records read",
    };

    public static Command Create() =>
        new("rewind", "Reads the change stream again from a place, while replicas run or not. Repeating changes nothing that is right")
        {
            To,
            Table,
            Partition,
            Epoch,
            Forward,
            DryRun,
            NoWait,
        };

    public static async Task<int> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken cancellation)
    {
        var clock = services.GetRequiredService<TimeProvider>();
        if (!RewindTarget.TryParse(parsed.GetRequiredValue(To), clock.GetUtcNow(), out var target))
        {
            return await RefuseAsync($"--to takes {RewindTarget.Forms}");
        }
        var tables = parsed.GetValue(Table) ?? [];
        if (target.Kind == RewindKind.Offset && (tables.Length != 1 || parsed.GetValue(Partition) is null))
        {
            return await RefuseAsync("an offset is one of a partition: say which with --table and --partition");
        }
        await FirstAnswer.OfAsync(services.GetRequiredService<ClickHouseClient>(), cancellation);
        var options = services.GetRequiredService<CdcSinkOptions>();
        var kafka = services.GetRequiredService<IOptions<KafkaOptions>>().Value;
        using var group = new GroupPlaces(kafka, options.Group);
        var bounds = group
            .Bounds(
                new ChangeTopics(options.TopicPrefix).Tables.Where(topic =>
                    tables.Length == 0 || tables.Contains(topic[(topic.LastIndexOf('.') + 1)..])
                )
            )
            .Where(each => parsed.GetValue(Partition) is not { } only || each.Key.Partition == only)
            .ToDictionary();
        if (bounds.Count == 0)
        {
            return await RefuseAsync("there is no such partition", ExitCodes.NotThere);
        }
        var places = target.Kind switch
        {
            RewindKind.Beginning => bounds.ToDictionary(each => each.Key, each => each.Value.Low),
            RewindKind.Offset => bounds.ToDictionary(each => each.Key, _ => target.Offset),
            _ => new PlaceSearch(kafka, options.Decoding()).Find(
                bounds,
                target,
                await EpochAsync(parsed, services, cancellation),
                Searched,
                cancellation
            ),
        };
        var stands = await StandsAsync(group, bounds.Keys, services, cancellation);
        var plans = bounds.Keys.ToDictionary(
            each => each,
            each =>
                RewindPlan.Of(
                    places[each],
                    bounds[each].Low,
                    bounds[each].High,
                    stands.TryGetValue(each, out var at) ? at : null,
                    parsed.GetValue(Forward)
                )
        );
        Print(plans);
        if (plans.Values.Any(plan => plan.Step == RewindStep.Refused))
        {
            return await RefuseAsync("records would be skipped that were never read; nothing is done without --forward", ExitCodes.NotDone);
        }
        var orders = plans
            .Where(each => each.Value.Step != RewindStep.Nothing)
            .Select(each => new RewindOrder(
                Guid.NewGuid(),
                each.Key,
                each.Value.Offset,
                each.Value.Step == RewindStep.Skip,
                clock.GetUtcNow().UtcDateTime
            ))
            .ToList();
        if (parsed.GetValue(DryRun) || orders.Count == 0)
        {
            return 0;
        }
        var store = services.GetRequiredService<RewindStore>();
        foreach (var order in orders)
        {
            await store.OrderAsync(order, options.Group, cancellation);
        }
        Console.WriteLine(Text($"ordered for {orders.Count} partitions"));
        return parsed.GetValue(NoWait)
            ? 0
            : await FollowAsync(new RewindWait(store, group, options.Group, clock), orders, stands, cancellation);
    }

    static async Task<int> FollowAsync(
        RewindWait wait,
        List<RewindOrder> orders,
        Dictionary<TopicPartition, long> stands,
        CancellationToken cancellation
    )
    {
        await wait.UntilReadAsync(orders, stands, LookAgain, Console.Error.WriteLine, cancellation);
        Console.WriteLine("everything has been read again");
        return 0;
    }

    /// <summary>Behind which record each partition stands: what the group says, else ClickHouse.</summary>
    static async Task<Dictionary<TopicPartition, long>> StandsAsync(
        GroupPlaces group,
        IReadOnlyCollection<TopicPartition> partitions,
        IServiceProvider services,
        CancellationToken cancellation
    )
    {
        var stands = group.Committed(partitions);
        foreach (
            var (partition, position) in await services
                .GetRequiredService<ProgressStore>()
                .ReadAsync(partitions.Select(each => each.Topic), cancellation)
        )
        {
            if (partitions.Contains(partition))
            {
                stands.TryAdd(partition, position.NextOffset);
            }
        }
        return stands;
    }

    static async Task<int> EpochAsync(ParseResult parsed, IServiceProvider services, CancellationToken cancellation) =>
        parsed.GetValue(Epoch)
        ?? Convert.ToInt32(
            await services
                .GetRequiredService<ClickHouseClient>()
                .ExecuteScalarAsync(
                    """
                    SELECT toInt32(bitShiftRight(greatest((SELECT max(version) FROM user_changes), (SELECT max(version) FROM event_changes),
                    (SELECT max(version) FROM bet_changes)), 57))
                    """,
                    cancellationToken: cancellation
                ),
            CultureInfo.InvariantCulture
        );

    static void Print(Dictionary<TopicPartition, RewindPlan> plans)
    {
        foreach (
            var (partition, plan) in plans.OrderBy(each => each.Key.Topic, StringComparer.Ordinal).ThenBy(each => each.Key.Partition.Value)
        )
        {
            Console.WriteLine(
                Text($"{partition.Topic}/{partition.Partition.Value} ")
                    + plan.Step switch
                    {
                        RewindStep.Back => Text($"back to {plan.Offset}: {plan.Records} records again"),
                        RewindStep.Nothing => Text($"stays at {plan.Offset}"),
                        _ => Text($"forward to {plan.Offset}: {plan.Records} records skipped"),
                    }
            );
        }
    }

    static void Searched(long records)
    {
        if (records % 100_000 == 0)
        {
            Console.Error.WriteLine(Text($"{records} records looked at"));
        }
    }

    static async Task<int> RefuseAsync(string why, int code = ExitCodes.BadSettings)
    {
        await Console.Error.WriteLineAsync($"CdcSink rewind: {why}");
        return code;
    }

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
