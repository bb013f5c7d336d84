using Betting.Tests.CdcSink.ClickHouse;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>
/// The queries of docs/queries through Distributed tables: on a shard that is all, and on two, which make ClickHouse refuse more.
/// </summary>
public sealed class DistributedQueryTests(DistributedQueryTests.OneShard one, DistributedQueryTests.TwoShards two)
    : IClassFixture<DistributedQueryTests.OneShard>,
        IClassFixture<DistributedQueryTests.TwoShards>
{
    [Theory, MemberData(nameof(QueryTests.Files), MemberType = typeof(QueryTests))]
    public async Task A_query_of_the_docs_has_its_answer_on_a_cluster_of_one_shard(string name)
    {
        var (expected, answer) = await QueryTests.AskAsync(one, name);

        Assert.Equal(expected, answer);
    }

    // Both shards are the same data here, so an answer counts everything twice: that there is one is what is shown.
    [Theory, MemberData(nameof(QueryTests.Files), MemberType = typeof(QueryTests))]
    public async Task A_query_of_the_docs_is_not_refused_on_a_cluster_of_several_shards(string name)
    {
        var (_, answer) = await QueryTests.AskAsync(two, name);

        Assert.NotEmpty(answer);
    }

    [Fact]
    public async Task What_ClickHouse_refuses_with_several_shards_is_refused_here()
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() =>
            two.AnswerAsync("SELECT count() FROM bets_analytics_rows WHERE bet_id IN (SELECT id FROM bet_changes)", [])
        );

        Assert.Contains("DISTRIBUTED_IN_JOIN_SUBQUERY_DENIED", refused.Message, StringComparison.Ordinal);
    }

    public sealed class OneShard(Servers servers) : QueryTests.World(servers)
    {
        protected override Func<string, Task> MigrateAsync => connection => OwnCluster.MigrateAsync(connection, "default");
    }

    public sealed class TwoShards(Servers servers) : QueryTests.World(servers)
    {
        protected override Func<string, Task> MigrateAsync => connection => OwnCluster.MigrateAsync(connection, "twice");
    }
}
