using Betting.CdcSink.Join;
using Xunit;

namespace Betting.Tests.CdcSink.Join;

public sealed class PageSizeTests
{
    [Fact]
    public void A_page_halves_down_to_one_bet_and_after_an_outage_grows_with_each_success()
    {
        var page = new PageSize(100);
        Assert.Equal([100, 50, 25, 12, 6, 3, 1, 1], Enumerable.Range(0, 8).Select(_ => Then(page, page.Shrink)));
        Assert.Equal([1, 2, 4, 8, 16, 32, 50, 50], Enumerable.Range(0, 8).Select(_ => Then(page, page.Succeed)));
    }

    [Fact]
    public void A_limit_of_the_server_is_met_once_in_many_pages()
    {
        var page = new PageSize(65_536);
        var refused = 0;
        for (var each = 0; each < 10_000; each++)
        {
            if (page.Current > 1_000)
            {
                refused++;
                page.Shrink();
            }
            else
            {
                page.Succeed();
            }
        }
        Assert.InRange(refused, 7, 10_000 / PageSize.PagesBeforeGrowth + 10);
    }

    [Fact]
    public void It_comes_back_to_its_full_size()
    {
        var page = new PageSize(100);
        page.Shrink();
        for (var each = 0; each < PageSize.PagesBeforeGrowth; each++)
        {
            Assert.Equal(50, page.Current);
            page.Succeed();
        }
        Assert.Equal(100, page.Current);
        page.Succeed();
        Assert.Equal(100, page.Current);
    }

    static int Then(PageSize page, Action next)
    {
        var size = page.Current;
        next();
        return size;
    }
}
