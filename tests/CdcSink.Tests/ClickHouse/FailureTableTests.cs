using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Betting.CdcSink.ClickHouse;
using Betting.Connections;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Write;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Microsoft.Extensions.Options;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>Which code asks for what: as the engine names it, as the docs list it, as the driver tells it.</summary>
public sealed partial class FailureTableTests(Servers servers)
{
    public static TheoryData<int> Codes => [.. FailureTable.Codes.Keys];

    [Fact]
    public async Task Every_code_has_the_name_that_ClickHouse_gives_it()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var named = await sink.QueryAsync(
            $"SELECT code, errorCodeToName(toInt32(code)) FROM (SELECT "
                + $"arrayJoin([{string.Join(',', FailureTable.Codes.Keys)}]) AS code) ORDER BY code"
        );

        Assert.Equal(FailureTable.Codes.OrderBy(each => each.Key).Select(each => $"{each.Key}|{each.Value.Name}"), named);
    }

    [Fact]
    public void The_docs_and_the_code_class_the_same_codes_alike()
    {
        var docs = File.ReadLines(Path.Combine(Installed.ProjectRoot, "docs", "failures.md"))
            .Select(line => Row().Match(line))
            .Where(row => row.Success);

        Assert.Equal(
            FailureTable.Codes.OrderBy(each => each.Key).Select(each => $"{each.Key} {each.Value.Name} {Documented(each.Value.Class)}"),
            docs.Select(row => $"{row.Groups["code"].Value} {row.Groups["name"].Value} {row.Groups["class"].Value}")
        );
        Assert.All(Enum.GetValues<FailureClass>(), kind => Assert.Contains(FailureTable.Codes.Values, each => each.Class == kind));
    }

    [Fact]
    public void A_file_that_cannot_be_read_or_written_is_no_outage_of_ClickHouse_and_a_broken_connection_is()
    {
        Action[] files =
        [
            () => File.WriteAllText("/nope/x", "a"),
            () => File.OpenRead("/nope").Dispose(),
            () => File.WriteAllText(Path.GetTempPath(), "a"),
            () => File.WriteAllText("/dev/full", "a"),
            () => File.OpenRead("/" + new string('a', 5000)).Dispose(),
        ];
        Exception[] broken =
        [
            new SocketException(111),
            new IOException("", new SocketException(104)),
            new IOException("The response ended prematurely."),
            new EndOfStreamException(),
            new HttpIOException(HttpRequestError.ResponseEnded),
            new HttpRequestException(),
        ];
        var texts = new ClickHouseFailures(Options.Create(new ClickHouseOptions()));

        Assert.All(files.Select(each => Record.Exception(each)), failure =>
        {
            Assert.NotNull(failure);
            Assert.Null(ClickHouseErrors.Classify(failure, CancellationToken.None, out _));
            Assert.Null(texts.Describe(failure));
        });
        Assert.All(broken, failure =>
            Assert.Equal(FailureClass.Unavailable, ClickHouseErrors.Classify(failure, CancellationToken.None, out _))
        );
    }

    [Fact]
    public void A_connection_given_up_in_the_middle_of_a_statement_is_a_time_limit_and_one_that_cannot_be_made_is_an_outage()
    {
        var timedOut = new IOException("", new SocketException((int)SocketError.TimedOut));
        var cut = new HttpRequestException("", timedOut);
        var unmade = new HttpRequestException(HttpRequestError.ConnectionError, "", timedOut);

        Assert.Equal(FailureClass.TooMuch, ClickHouseErrors.Classify(cut, CancellationToken.None, out var code));
        Assert.Equal(ClickHouseErrors.Timeout, code);
        Assert.Equal(FailureClass.TooMuch, ClickHouseErrors.Classify(timedOut, CancellationToken.None, out _));
        Assert.Equal(FailureClass.Unavailable, ClickHouseErrors.Classify(unmade, CancellationToken.None, out _));
    }

    [Fact]
    public async Task A_replay_ends_with_the_failure_of_a_ClickHouse_that_does_not_come_back_within_its_patience()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, settings: $"Port={FreePort.Take()}");

        await Assert.ThrowsAnyAsync<HttpRequestException>(() =>
            sink.ReplayAsync([new Made().Bet(1, Made.Columns())], TimeSpan.FromSeconds(1))
        );
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task The_driver_tells_the_code(int code)
    {
        await using var server = new FakeClickHouse((_, _) => (500, code));
        var failure = await Assert.ThrowsAsync<ClickHouseServerException>(server.PingAsync);

        var listed = FailureTable.Codes[code].Class;
        // A question's answer says nothing of a record.
        Assert.Equal(
            listed == FailureClass.Data ? FailureClass.Unknown : listed,
            ClickHouseErrors.Classify(failure, CancellationToken.None, out var name)
        );
        Assert.Equal(code.ToString(CultureInfo.InvariantCulture), name);

        var insert = await Assert.ThrowsAnyAsync<Exception>(() => OwnRowsRefusedException.OfAsync(Task.FromException(failure)));
        Assert.Equal(listed, ClickHouseErrors.Classify(insert, CancellationToken.None, out name));
        Assert.Equal(code.ToString(CultureInfo.InvariantCulture), name);
    }

    [Theory]
    [InlineData(500, "<html>Bad Gateway</html>")]
    [InlineData(502, "<html><head><title>502 Bad Gateway</title></head></html>")]
    [InlineData(413, "<html><head><title>413 Request Entity Too Large</title></head></html>")]
    [InlineData(503, "<meta charset=\"utf-16\"> Error 60: Service Unavailable")]
    [InlineData(504, "")]
    public async Task An_answer_that_is_not_ClickHouses_is_unknown_whatever_numbers_it_has(int status, string text)
    {
        await using var server = new FakeClickHouse((_, _) => (status, null)) { Text = text };
        var failure = await Assert.ThrowsAnyAsync<Exception>(server.PingAsync);

        Assert.Equal(FailureClass.Unknown, ClickHouseErrors.Classify(failure, CancellationToken.None, out var name));
        Assert.Equal("no-code", name);
    }

    [Fact]
    public async Task Nobody_there_is_unavailable_and_a_cancellation_is_no_failure()
    {
        using var client = new ClickHouseClient($"Host=127.0.0.1;Port={FreePort.Take()}");
        using var store = new ChangeStore(client);
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => store.PingAsync(CancellationToken.None));

        Assert.Equal(FailureClass.Unavailable, ClickHouseErrors.Classify(refused, CancellationToken.None, out var name));
        Assert.Equal("unreachable", name);
        Assert.Null(ClickHouseErrors.Classify(new TaskCanceledException(), new CancellationToken(canceled: true), out _));
        Assert.Null(ClickHouseErrors.Classify(new InvalidOperationException(), CancellationToken.None, out _));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_in_time_is_too_much_and_not_a_cancellation()
    {
        // Accepts connections and never answers.
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        using var client = new ClickHouseClient($"Host=127.0.0.1;Port={((IPEndPoint)server.LocalEndpoint).Port};Timeout=1");
        using var store = new ChangeStore(client);
        var late = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.PingAsync(CancellationToken.None));

        Assert.Equal(FailureClass.TooMuch, ClickHouseErrors.Classify(late, CancellationToken.None, out var name));
        Assert.Equal("timeout", name);
    }

    [Fact]
    public void A_code_that_is_not_listed_is_unknown() => Assert.Equal(FailureClass.Unknown, FailureTable.Of(987_654));

    static string Documented(FailureClass kind) =>
        kind switch
        {
            FailureClass.Unavailable => "unavailable",
            FailureClass.TooMuch => "too much",
            FailureClass.Data => "this data",
            FailureClass.Configuration => "configuration",
            _ => "unknown",
        };

    [GeneratedRegex(@"^\| (?<code>\d+) \| (?<name>[A-Z0-9_]+) \| (?<class>[a-z ]+) \|$")]
    private static partial Regex Row();
}
