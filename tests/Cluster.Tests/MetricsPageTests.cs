using Betting.Local.Cluster.Watch;
using Xunit;

namespace Betting.Tests.Cluster;

public sealed class MetricsPageTests
{
    const string Page = """
        # TYPE lag_seconds histogram
        lag_seconds_bucket{topic="a",le="1"} 10 1795372860059
        lag_seconds_bucket{topic="a",le="2"} 90 1795372860059
        lag_seconds_bucket{topic="a",le="+Inf"} 100 1795372860059
        outcomes_total{kind="place-bet",outcome="accepted"} 5
        outcomes_total{kind="deposit",outcome="accepted"} 7
        outcomes_total{kind="deposit",outcome="rejected"} 1
        """;

    [Fact]
    public void Sums_go_by_one_label_over_all_workers()
    {
        var page = new MetricsPage();
        page.Add(Page);
        page.Add(Page);

        var outcomes = page.By("outcomes_total", "outcome");

        Assert.Equal(24, outcomes["accepted"]);
        Assert.Equal(2, outcomes["rejected"]);
    }

    [Fact]
    public void A_quantile_is_interpolated_in_its_bucket_and_never_beyond_the_last_bound()
    {
        var page = new MetricsPage();
        page.Add(Page);

        Assert.Equal(1.5, page.Quantile("lag_seconds", 0.5), 6);
        Assert.Equal(2, page.Quantile("lag_seconds", 0.99), 6);
        Assert.Equal(0, page.Quantile("unknown", 0.5));
    }
}
