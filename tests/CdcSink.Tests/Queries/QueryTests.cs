using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using ClickHouse.Driver.ADO;
using Microsoft.AspNetCore.WebUtilities;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>Every query of docs/queries, as it stands, on the known world; its answer stands at the end of its file.</summary>
public sealed partial class QueryTests(QueryTests.World world) : IClassFixture<QueryTests.World>
{
    public static TheoryData<string> Files() =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(Installed.ProjectRoot, "docs", "queries"), "*.sql")
                .Select(file => Path.GetFileNameWithoutExtension(file))
                .Order(StringComparer.Ordinal),
        ];

    [Theory, MemberData(nameof(Files))]
    public async Task A_query_of_the_docs_has_the_answer_that_stands_there(string name)
    {
        var (expected, answer) = await AskAsync(world, name);

        Assert.Equal(expected, answer);
    }

    [Fact]
    public void Every_query_is_in_the_list_of_queries()
    {
        var listed = LinkedQuery()
            .Matches(File.ReadAllText(Path.Combine(Installed.ProjectRoot, "docs", "queries", "README.md")))
            .Select(link => link.Groups[1].Value);

        Assert.Equal(Files().Select(row => row.Data), listed.Order(StringComparer.Ordinal));
    }

    /// <returns>The answer that stands in the query's file, and the world's.</returns>
    internal static async Task<(IEnumerable<string> Expected, IEnumerable<string> Answer)> AskAsync(World world, string name)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Installed.ProjectRoot, "docs", "queries", name + ".sql"));
        var end = text.IndexOf(';', StringComparison.Ordinal);
        var expected = text[(end + 1)..].Trim().Split('\n').Select(line => line["-- ".Length..]);
        var parameters = Parameters()
            .Matches(text[..end])
            .SelectMany(line => line.Groups["pairs"].Value.Split(", "))
            .Select(pair => pair.Split(" = "))
            .Select(pair => KeyValuePair.Create("param_" + pair[0], (string?)pair[1]));
        return (expected, await world.AnswerAsync(text[..end], parameters));
    }

    // Over plain HTTP, as any tool would ask: the server's own text, a line a row.
    internal static async Task<IEnumerable<string>> AnswerAsync(
        SinkUnderTest sink,
        string query,
        IEnumerable<KeyValuePair<string, string?>> parameters
    )
    {
        var server = new ClickHouseClientSettings(sink.ConnectionString);
        var address = QueryHelpers.AddQueryString(
            $"http://{server.Host}:{server.Port}/",
            parameters.Append(new("database", server.Database)).Append(new("default_format", "TSV"))
        );
        using var http = new HttpClient();
        using var question = new StringContent(query);
        using var answer = await http.PostAsync(address, question);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return [.. text.TrimEnd('\n').Split('\n').Select(line => line.Replace("\t", " | ", StringComparison.Ordinal))];
    }

    [GeneratedRegex(@"^-- parameters: (?<pairs>.+)$", RegexOptions.Multiline)]
    private static partial Regex Parameters();

    [GeneratedRegex(@"\]\(([a-z-]+)\.sql\)")]
    private static partial Regex LinkedQuery();

    /// <summary>The known world, put through the sink once.</summary>
    public class World(Servers servers) : IAsyncLifetime
    {
        SinkUnderTest? _sink;

        /// <summary>Makes the schema; null for that of one server.</summary>
        protected virtual Func<string, Task>? MigrateAsync => null;

        public async ValueTask InitializeAsync()
        {
            _sink = await SinkUnderTest.CreateAsync(servers, migrateAsync: MigrateAsync);
            await _sink.ReplayAsync(KnownWorld.Records());
            Assert.Empty(_sink.DeadLetters);
            await _sink.VisibleUntilAsync("2025-04-02T00:00:00Z");
        }

        internal Task<IEnumerable<string>> AnswerAsync(string query, IEnumerable<KeyValuePair<string, string?>> parameters) =>
            QueryTests.AnswerAsync(_sink!, query, parameters);

        public ValueTask DisposeAsync()
        {
            GC.SuppressFinalize(this);
            return _sink?.DisposeAsync() ?? ValueTask.CompletedTask;
        }
    }
}
