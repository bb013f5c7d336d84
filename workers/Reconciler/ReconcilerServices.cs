using Betting.Connections;
using Betting.Hosting;
using Betting.Reconciler.Compare;
using Betting.Reconciler.Compare.Tables;
using Betting.Reconciler.Cut;
using Betting.Reconciler.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.Reconciler;

/// <summary>What a run is made of, for the worker and for the command.</summary>
static class ReconcilerServices
{
    public static IServiceCollection AddReconciliation(this IServiceCollection services) =>
        services
            .AddPostgres("reconciler", PostgresSessions.KeepAdvisoryLocks)
            .AddClickHouse()
            .AddKafka()
            .AddSection<ReconcilerOptions>(ReconcilerOptions.Section)
            .AddSingleton<ReconcilerMetrics>()
            .AddConnectOffsets(provider => provider.GetRequiredService<IOptions<ReconcilerOptions>>().Value.TopicPrefix)
            .AddSingleton<StreamEnds>()
            .AddSingleton<SinkWait>()
            .AddSingleton<Comparison>()
            .AddSingleton<TableComparison>()
            .AddSingleton<FollowedBets>()
            .AddSingleton<RunStore>()
            .AddSingleton<RequestStore>()
            .AddSingleton<Reconciliation>();
}
