using Betting.Hosting;
using Betting.Local.Cluster;
using Xunit;

namespace Betting.Tests.Cluster;

public sealed class DataFolderTests
{
    [Theory]
    [InlineData("it's")]
    [InlineData("a \"quoted\" name")]
    [InlineData("a`b")]
    [InlineData("a$b")]
    [InlineData("a\\b")]
    public void A_path_that_RabbitMQ_cannot_use_is_refused_before_anything_is_made(string name)
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}{name}");

        Assert.Contains(
            "which RabbitMQ cannot use",
            Assert.Throws<ArgumentsException>(() => new DataFolder(path)).Message,
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(path));
    }
}
