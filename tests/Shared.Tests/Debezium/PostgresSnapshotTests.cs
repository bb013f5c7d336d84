using Betting.Debezium;
using Xunit;

namespace Betting.Tests.Shared.Debezium;

public sealed class PostgresSnapshotTests
{
    [Theory]
    [InlineData("750:760:752,755", 749, true)]
    [InlineData("750:760:752,755", 752, false)]
    [InlineData("750:760:752,755", 753, true)]
    [InlineData("750:760:752,755", 760, false)]
    [InlineData("750:760:752,755", 765, false)]
    [InlineData("760:760:", 759, true)]
    // The third round of ids: 12884901990 is 102 in 32 bits, and 4294967290 belongs to the round before.
    [InlineData("12884901989:12884901990:12884901989", 100, true)]
    [InlineData("12884901989:12884901990:12884901989", 99, true)]
    [InlineData("12884901989:12884901990:12884901989", 101, false)]
    [InlineData("12884901989:12884901990:12884901989", 4_294_967_290, true)]
    public void What_a_snapshot_sees(string snapshot, uint transaction, bool sees) =>
        Assert.Equal(sees, PostgresSnapshot.Parse(snapshot).Sees(transaction));

    [Fact]
    public void Its_text_is_what_postgres_wrote() => Assert.Equal("750:760:752,755", PostgresSnapshot.Parse("750:760:752,755").ToString());

    [Theory]
    [InlineData("")]
    [InlineData("1:2")]
    [InlineData("a:b:")]
    public void Anything_else_is_refused(string text) => Assert.Throws<FormatException>(() => PostgresSnapshot.Parse(text));
}
