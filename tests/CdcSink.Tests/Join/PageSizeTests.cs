using Betting.CdcSink.Join;
using Xunit;

namespace Betting.Tests.CdcSink.Join;

public sealed class PageSizeTests
{
    [Fact]
    public void A_page_halves_down_to_one_bet_and_grows_again_slowly()
    {
        var page = new PageSize(100);
        Assert.Equal([100, 50, 25, 12, 6, 3, 1, 1], Enumerable.Range(0, 8).Select(_ =>
        {
            var size = page.Current;
            page.Shrink();
            return size;
        }));
        for (var grown = 0; grown < 8 * PageSize.PagesBeforeGrowth; grown++)
        {
            page.Succeed();
        }
        Assert.Equal(100, page.Current);
        page.Shrink();
        for (var grown = 1; grown < PageSize.PagesBeforeGrowth; grown++)
        {
            page.Succeed();
        }
        Assert.Equal(50, page.Current);
    }
}
