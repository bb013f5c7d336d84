using System.Net;
using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.Local.ClickHouse;

/// <summary>The limits of a server with its default settings.</summary>
[Collection(ClickHouseTests.Name)]
public sealed partial class LimitTests(ClickHouseHost host)
{
    readonly ClickHouseProcess _server = host.Server;

    [Fact]
    public async Task The_documented_values_are_the_engines_defaults()
    {
        var documented = File.ReadLines(Path.Combine(Installed.ProjectRoot, "docs", "local-clickhouse.md"))
            .Select(line => Row().Match(line))
            .Where(row => row.Success)
            .Select(row => $"{row.Groups[1].Value} {row.Groups[2].Value}")
            .Order(StringComparer.Ordinal)
            .ToList();
        var names = string.Join(", ", documented.Select(row => $"'{row.Split(' ')[0]}'"));
        using var answer = await _server.PostAsync(
            $"SELECT concat(name, ' ', value) FROM (SELECT name, value FROM system.settings WHERE name NOT IN (SELECT name FROM "
                + $"system.merge_tree_settings) "
                + $"UNION ALL SELECT name, value FROM system.merge_tree_settings) WHERE name IN ({names}) FORMAT TSVRaw"
        );

        Assert.Equal(13, documented.Count);
        Assert.Equal(
            documented,
            (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData(131_072, 0)]
    [InlineData(131_073, 1000)]
    public async Task A_field_of_a_form_has_131072_bytes_at_most(int bytes, int code)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("SELECT length({p:String})"), "query" },
            { new StringContent(new string('x', bytes)), "param_p" },
        };
        using var answer = await _server.Http.PostAsync("/", form);

        Assert.Equal(
            (code, code == 0 ? HttpStatusCode.OK : HttpStatusCode.InternalServerError),
            (ClickHouseProcess.CodeOf(answer), answer.StatusCode)
        );
        Assert.Contains(
            code == 0 ? "131072" : "Code: 1000, e.code() = 0, HTML Form Exception: Field value too long",
            await answer.Content.ReadAsStringAsync(),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(4_096, 0)]
    [InlineData(4_097, 1000)]
    public async Task A_name_of_a_field_has_4096_bytes_at_most(int bytes, int code)
    {
        var name = "param_".PadRight(bytes, 'x');
        using var form = new MultipartFormDataContent { { new StringContent("SELECT 1"), "query" }, { new StringContent("1"), name } };
        using var inForm = await _server.Http.PostAsync("/", form);
        using var inUrl = await _server.PostAsync("SELECT 1", $"{name}=1");

        Assert.Equal((code, code), (ClickHouseProcess.CodeOf(inForm), ClickHouseProcess.CodeOf(inUrl)));
    }

    [Theory]
    [InlineData(1_000, 0)]
    [InlineData(1_001, 1000)]
    public async Task There_are_1000_fields_at_most(int count, int code)
    {
        using var form = new MultipartFormDataContent { { new StringContent("SELECT 1"), "query" } };
        foreach (var field in Enumerable.Range(1, count - 1))
            form.Add(new StringContent("1"), $"param_p{field}");
        using var inForm = await _server.Http.PostAsync("/", form);
        using var inUrl = await _server.PostAsync(
            "SELECT 1",
            string.Join('&', Enumerable.Range(0, count).Select(field => $"param_p{field}=1"))
        );

        Assert.Equal((code, code), (ClickHouseProcess.CodeOf(inForm), ClickHouseProcess.CodeOf(inUrl)));
    }

    [Fact]
    public async Task A_parameter_in_a_URL_has_131072_bytes_at_most_as_it_is_encoded()
    {
        using var fits = await _server.PostAsync("SELECT length({p:String})", "param_p=" + new string('x', 131_072));
        using var tooLong = await _server.PostAsync("SELECT length({p:String})", "param_p=" + new string('x', 131_073));
        using var encoded = await _server.PostAsync(
            "SELECT length({p:String})",
            "param_p=" + string.Concat(Enumerable.Repeat("%2C", 43_691))
        );

        Assert.Equal(
            (0, 1000, 1000),
            (ClickHouseProcess.CodeOf(fits), ClickHouseProcess.CodeOf(tooLong), ClickHouseProcess.CodeOf(encoded))
        );
    }

    [Fact]
    public async Task A_URL_has_a_mebibyte_at_most()
    {
        using var answer = await _server.PostAsync(
            "SELECT 1",
            string.Join('&', Enumerable.Range(0, 10).Select(field => $"param_p{field}=" + new string('x', 110_000)))
        );
        Assert.Equal(HttpStatusCode.RequestUriTooLong, answer.StatusCode);
    }

    [Fact]
    public async Task A_GET_reads_and_does_not_write()
    {
        await _server.ExecuteAsync("CREATE TABLE got (a UInt8) ENGINE = MergeTree ORDER BY a");
        foreach (
            var statement in (string[])
                ["INSERT INTO got VALUES (1)", "INSERT INTO got SELECT 1", "DROP TABLE got", "CREATE TABLE got_2 AS got"]
        )
        {
            using var refused = await _server.Http.GetAsync($"/?query={Uri.EscapeDataString(statement)}");
            Assert.Equal(164, ClickHouseProcess.CodeOf(refused));
        }
        using var read = await _server.Http.GetAsync("/?max_threads=1&query=SELECT+count()+FROM+got");
        Assert.Equal("0\n", await read.Content.ReadAsStringAsync());
    }

    public static TheoryData<string, int> Statements =>
        new()
        {
            { $"SELECT '{new string('x', 262_144)}'", 62 },
            { $"SELECT {new string('(', 3_000)}1{new string(')', 3_000)}", 306 },
            { $"SELECT {string.Concat(Enumerable.Repeat("-(", 600))}1{new string(')', 600)}", 167 },
            { $"SELECT {string.Join(',', Enumerable.Repeat('1', 50_000))}", 168 },
            { $"WITH 1 AS a0, {string.Join(", ", Enumerable.Range(0, 20).Select(n => $"(a{n} + a{n}) AS a{n + 1}"))} SELECT a20", 36 },
        };

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task A_statement_beyond_a_limit_is_refused(string sql, int code)
    {
        using var answer = await _server.PostAsync(sql);
        Assert.Equal(code, ClickHouseProcess.CodeOf(answer));
    }

    [Fact]
    public async Task A_block_has_100_partitions_at_most()
    {
        await _server.ExecuteAsync("CREATE TABLE months (d Date) ENGINE = MergeTree PARTITION BY toYYYYMM(d) ORDER BY d");
        await _server.ExecuteAsync("INSERT INTO months SELECT addMonths(toDate('1980-01-01'), number) FROM numbers(100)");
        using var refused = await _server.PostAsync("INSERT INTO months SELECT addMonths(toDate('1980-01-01'), number) FROM numbers(101)");

        Assert.Equal(252, ClickHouseProcess.CodeOf(refused));
        Assert.Equal(100, await _server.ScalarAsync<int>("SELECT count() FROM months"));
    }

    [Fact]
    public async Task A_partition_and_a_table_have_so_many_parts_at_most()
    {
        await _server.ExecuteAsync(
            "CREATE TABLE parts (a UInt8, b UInt8) ENGINE = MergeTree PARTITION BY b ORDER BY a SETTINGS "
                + "parts_to_throw_insert = 2, parts_to_delay_insert = 0"
        );
        await _server.ExecuteAsync("SYSTEM STOP MERGES parts");
        await _server.ExecuteAsync("INSERT INTO parts VALUES (1, 1)");
        await _server.ExecuteAsync("INSERT INTO parts VALUES (2, 1)");
        using var third = await _server.PostAsync("INSERT INTO parts VALUES (3, 1)");
        await _server.ExecuteAsync("ALTER TABLE parts MODIFY SETTING max_parts_in_total = 2");
        using var elsewhere = await _server.PostAsync("INSERT INTO parts VALUES (3, 2)");

        Assert.Equal((252, 252), (ClickHouseProcess.CodeOf(third), ClickHouseProcess.CodeOf(elsewhere)));
    }

    [Fact]
    public async Task A_large_table_is_not_dropped_by_mistake()
    {
        await _server.ExecuteAsync("CREATE TABLE large (a UInt64) ENGINE = MergeTree ORDER BY a");
        await _server.ExecuteAsync("INSERT INTO large SELECT number FROM numbers(1000)");
        using var refused = await _server.PostAsync("DROP TABLE large SETTINGS max_table_size_to_drop = 1");

        Assert.Equal(359, ClickHouseProcess.CodeOf(refused));
    }

    [GeneratedRegex(@"^\| `([a-z_]+)` \| (\d+) \| (?:host|engine) \|")]
    private static partial Regex Row();
}
