using Betting.Brokers;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Commit;
using Betting.CdcSink.Connector;
using Betting.CdcSink.DeadLetters;
using Betting.CdcSink.Join;
using Betting.CdcSink.KafkaTopics;
using Betting.CdcSink.Lag;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Read;
using Betting.CdcSink.Rewind;
using Betting.CdcSink.Signs;
using Betting.CdcSink.Snapshots;
using Betting.CdcSink.Storage;
using Betting.CdcSink.Write;
using Betting.Connections;
using Betting.Contracts;
using Betting.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink;

/// <summary>What the worker and its verbs are composed of.</summary>
static class CdcSinkServices
{
    /// <summary>Decoding, joining and writing: all that needs no Kafka.</summary>
    public static IServiceCollection AddSinkPipeline(this IServiceCollection services) =>
        services
            .AddSingleton<IStoreFailures, ClickHouseRefusals>()
            .AddClickHouse()
            .AddSection<CdcSinkOptions>(CdcSinkOptions.Section)
            .AddSingleton(provider => provider.GetRequiredService<IOptions<CdcSinkOptions>>().Value)
            .AddMetrics()
            .AddSingleton<CdcSinkMetrics>()
            .AddSingleton<ClickHouseOutage>()
            .AddSingleton<ChangeStore>()
            .AddSingleton<BetJoin>()
            .AddSingleton<SnapshotStore>()
            .AddSingleton<SnapshotSettlement>()
            .AddSingleton<ClockJumpReport>()
            .AddSingleton<BatchPlace>()
            .AddSingleton<LostChanges>()
            .AddSingleton<StreamSigns>()
            .AddSingleton<WatermarkStore>()
            .AddSingleton<ChainSigns>()
            .AddSingleton<LogSigns>()
            .AddSingleton<Progress>()
            .AddSingleton<StoresClock>()
            .AddSingleton<ProgressStore>()
            .AddSingleton<RecordedProgress>()
            .AddSingleton<RewindStore>();

    /// <summary>The worker: the pipeline fed from Kafka.</summary>
    public static IServiceCollection AddSinkWorker(this IServiceCollection services) =>
        services
            .AddSinkPipeline()
            .AddKafka(
                (provider, config) => StreamSettings.Apply(config, provider.GetRequiredService<CdcSinkOptions>().Group),
                provider =>
                    provider
                        .GetRequiredService<CdcSinkOptions>()
                        .Limits(provider.GetRequiredService<IOptions<HttpOptions>>().Value.DrainLimit)
            )
            .AddSingleton(provider =>
                ActivatorUtilities.CreateInstance<DeadLetterTopic>(provider, provider.GetRequiredService<IOptions<KafkaOptions>>().Value)
            )
            .AddSingleton<DeadLetterTable>()
            .AddSingleton<IDeadLetters, DeadLetterRouter>()
            .AddSingleton<IBatchRereader>(provider => new BatchRereader(provider.GetRequiredService<IOptions<KafkaOptions>>().Value))
            .AddSingleton(provider =>
            {
                var applier = ActivatorUtilities.CreateInstance<BatchApplier>(provider);
                applier.DeferJoin = provider.GetRequiredService<LargeJoinLoop>().AddAsync;
                return applier;
            })
            .AddSingleton<RetryingBatchWriter>()
            .AddSingleton(provider => new LagState(
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<StoresClock>(),
                provider.GetRequiredService<CdcSinkOptions>().LagLimit,
                provider.GetRequiredService<ConnectOffsets>().IsKnown
            ))
            .AddSingleton<LagMetrics>()
            .AddSingleton<LagTrouble>()
            .AddSingleton<ProofReport>()
            .AddSingleton<TopicEnds>()
            .AddSingleton<RestartSigns>()
            .AddSingleton<VisibleStore>()
            .AddConnectOffsets(provider => provider.GetRequiredService<CdcSinkOptions>().TopicPrefix)
            .AddLoop<LagLoop>()
            .AddKafkaTopicSettings(provider => TopicsOf(provider.GetRequiredService<CdcSinkOptions>()))
            .AddLoop<ConnectorSettings>()
            .AddSingleton<StartMetrics>()
            .AddSingleton<PartitionHolds>()
            .AddSingleton<PartitionStarts>()
            .AddSingleton<FollowedBets>()
            .AddLoop<RewindWatch>()
            .AddLoop<LargeJoinLoop>()
            .AddLoop<SnapshotEndLoop>()
            .AddSingleton<StorageMetrics>()
            .AddSingleton<StorageStore>()
            .AddLoop<StorageWatch>()
            .AddSingleton<SummaryStore>()
            .AddLoop<SummaryWatch>()
            .AddLoop<ClickHouseProbe>()
            .AddLoop<SinkLoop>();

    // Heartbeats hold nothing that may not be lost.
    static List<string> TopicsOf(CdcSinkOptions options)
    {
        var topics = new ChangeTopics(options.TopicPrefix);
        return [.. topics.Tables, topics.Messages, .. topics.Tables.Select(Topics.DeadLetter)];
    }
}
