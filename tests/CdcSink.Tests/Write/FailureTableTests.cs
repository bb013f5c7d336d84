using System.Globalization;
using System.Text.RegularExpressions;
using Betting.CdcSink.Write;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.CdcSink.Write;

/// <summary>Which code asks for what: as the engine names it, as the docs list it, as the driver tells it.</summary>
public sealed partial class FailureTableTests(Servers servers)
{
    public static TheoryData<int> Codes => [.. FailureTable.Codes.Keys];

    [Fact]
    public async Task Every_code_has_the_name_that_ClickHouse_gives_it()
    {
        using var sink = await SinkUnderTest.CreateAsync(servers);
        var named = await sink.QueryAsync($"SELECT code, errorCodeToName(toInt32(code)) FROM (SELECT arrayJoin([{string.Join(',', FailureTable.Codes.Keys)}]) AS code) ORDER BY code");

        Assert.Equal(FailureTable.Codes.OrderBy(each => each.Key).Select(each => $"{each.Key}|{each.Value.Name}"), named);
    }

    [Fact]
    public void The_docs_list_every_code_under_its_class()
    {
        var docs = File.ReadAllText(Path.Combine(Installed.ProjectRoot, "docs", "cdcsink.md"));
        foreach (var kind in Enum.GetValues<FailureClass>())
        {
            var row = docs.Split('\n').Single(line => line.StartsWith($"| *{kind}* |", StringComparison.Ordinal));
            Assert.Equal(
                FailureTable.Codes.Where(each => each.Value.Class == kind).Select(each => each.Key).Order(),
                Code().Matches(row).Select(match => int.Parse(match.Value, CultureInfo.InvariantCulture)).Order());
        }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task The_driver_tells_the_code(int code)
    {
        await using var server = new FakeClickHouse((_, _) => (500, code));
        var failure = await Assert.ThrowsAsync<ClickHouseServerException>(server.PingAsync);

        Assert.Equal(FailureTable.Codes[code].Class, ClickHouseErrors.Classify(failure, CancellationToken.None, out var name));
        Assert.Equal(code.ToString(CultureInfo.InvariantCulture), name);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task An_answer_without_a_code_is_a_proxys_and_passes(int status)
    {
        await using var server = new FakeClickHouse((_, _) => (status, null));
        var failure = await Assert.ThrowsAnyAsync<Exception>(server.PingAsync);

        Assert.Equal(FailureClass.Away, ClickHouseErrors.Classify(failure, CancellationToken.None, out var name));
        Assert.Equal("no-code", name);
    }

    [Fact]
    public async Task Nobody_there_passes_and_an_end_of_the_worker_is_no_failure()
    {
        using var client = new ClickHouseClient($"Host=127.0.0.1;Port={FreePort.Take()}");
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => new ChangeStore(client).PingAsync(CancellationToken.None));

        Assert.Equal(FailureClass.Away, ClickHouseErrors.Classify(refused, CancellationToken.None, out var name));
        Assert.Equal("unreachable", name);
        Assert.Equal(FailureClass.Away, ClickHouseErrors.Classify(new TaskCanceledException(), CancellationToken.None, out name));
        Assert.Equal("timeout", name);
        Assert.Null(ClickHouseErrors.Classify(new TaskCanceledException(), new CancellationToken(canceled: true), out _));
        Assert.Null(ClickHouseErrors.Classify(new InvalidOperationException(), CancellationToken.None, out _));
    }

    [Fact]
    public void A_code_that_nobody_knows_is_the_operators() => Assert.Equal(FailureClass.Operator, FailureTable.Of(987_654));

    [GeneratedRegex(@"\b\d+(?= [A-Z][A-Z0-9])")]
    private static partial Regex Code();
}
