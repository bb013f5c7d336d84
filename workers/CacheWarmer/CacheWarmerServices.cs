using Betting.CacheWarmer.Counters;
using Betting.CacheWarmer.Fills;
using Betting.CacheWarmer.Outage;
using Betting.CacheWarmer.Settlement;
using Betting.CacheWarmer.Stream;
using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.CacheWarmer;

/// <summary>What the worker is made of.</summary>
static class CacheWarmerServices
{
    public static IServiceCollection AddCacheWarmer(this IServiceCollection services) =>
        services
            .AddKafka(
                (_, config) => StreamSettings.Apply(config),
                provider => new GroupLimits(
                    TimeSpan.Zero,
                    null,
                    StreamSettings.Busy,
                    provider.GetRequiredService<IOptions<HttpOptions>>().Value.DrainLimit
                )
            )
            .AddRedis("cache-warmer")
            .AddPostgres("cache-warmer")
            .AddSection<CacheWarmerOptions>(CacheWarmerOptions.Section)
            .AddSingleton<CacheWarmerMetrics>()
            .AddSingleton<Breaker>()
            .AddSingleton<StoreRetry>()
            .AddSingleton<CounterStore>()
            .AddSingleton<CounterRebuild>()
            .AddSingleton<BaselineElection>()
            .AddSingleton<StaleKeys>()
            .AddSingleton<IKeyFill, ActiveBetsFill>()
            .AddSingleton<IKeyFill, EventCatalogFill>()
            .AddSingleton<IEnumerable<Filler>>(provider =>
                [.. provider.GetServices<IKeyFill>().Select(fill => ActivatorUtilities.CreateInstance<Filler>(provider, fill))]
            )
            .AddSingleton<ChangeStream>()
            .AddSingleton<FollowedBets>()
            .AddPostgresSettings(PostgresNeeds.Capture)
            .AddLoop<RedisSettings>()
            .AddLoop<PostgresProbe>()
            .AddLoop<CounterLoop>()
            .AddLoop<CounterPublisher>()
            .AddLoop<FillLoop>()
            .AddLoop<SettlementRefresh>();
}
