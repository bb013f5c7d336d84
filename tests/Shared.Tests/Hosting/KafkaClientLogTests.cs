using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>
/// A client without a log handler writes librdkafka's own lines to standard error, many a second while the brokers are away.
/// </summary>
public sealed partial class KafkaClientLogTests
{
    [Fact]
    public void Every_Kafka_client_has_a_log_handler()
    {
        var clients = new[] { "workers", "shared", "local" }
            .SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(Installed.ProjectRoot, folder), "*.cs", SearchOption.AllDirectories)
            )
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(file => Builder().Matches(File.ReadAllText(file)).Select(client => (File: file, Text: client.Value)))
            .ToList();

        Assert.True(clients.Count > 15, $"{clients.Count} clients were found");
        Assert.Equal(
            [],
            clients.Where(client => !client.Text.Contains(".SetLogHandler(", StringComparison.Ordinal)).Select(client => client.File)
        );
    }

    [GeneratedRegex(@"new (Producer|Consumer|AdminClient)Builder<?.*?\.Build\(\)", RegexOptions.Singleline)]
    private static partial Regex Builder();
}
