using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>Who may do what in ClickHouse, as far as an engine without users can tell.</summary>
public sealed partial class ClickHouseUsersTests(Servers servers)
{
    [Theory]
    [InlineData(null)]
    [InlineData("betting")]
    public async Task Every_statement_is_one_that_ClickHouse_can_read(string? cluster)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);

        foreach (
            var statement in ClickHouseUsers.Names.SelectMany(name =>
                ClickHouseUsers.Statements("betting", new NamedPassword(name, "secret"), cluster)
            )
        )
        {
            await sink.ParseAsync(statement);
        }
    }

    [Fact]
    public async Task The_sink_inserts_into_every_table_but_those_that_views_feed_and_those_of_the_owner()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);

        var tables = await sink.QueryAsync(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE "
                + "'%MergeTree' AND NOT startsWith(name, '.') ORDER BY name"
        );

        Assert.Equal(
            [
                "bets_by_event",
                "bets_by_user",
                "rebuilds",
                "row_retention",
                "schema_files",
                "summary_by_day",
                "summary_by_hour",
                "summary_by_month",
            ],
            tables.Except(ClickHouseUsers.InsertsOf("sink"))
        );
        Assert.Empty(ClickHouseUsers.Names.SelectMany(ClickHouseUsers.InsertsOf).Except(tables));
    }

    [Fact]
    public void A_reader_has_the_right_to_read_and_no_other()
    {
        var rights = ClickHouseUsers.Statements("betting", new NamedPassword("reader", "secret"), null).Last();

        Assert.Equal("GRANT SELECT ON `betting`.*, SELECT ON system.view_refreshes TO reader WITH REPLACE OPTION", rights);
    }

    [Fact]
    public void An_empty_password_is_refused()
    {
        var empty = Assert.Throws<SchemaException>(() =>
            ClickHouseUsers.Statements("betting", new NamedPassword("sink", " "), null).ToList()
        );

        Assert.Contains("the password of sink is empty", empty.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_cluster_who_inserts_into_a_sharded_table_may_insert_where_its_rows_lie()
    {
        var rights = ClickHouseUsers.Statements("betting", new NamedPassword("sink", "secret"), "all").Last();

        Assert.StartsWith("GRANT ON CLUSTER `all` SELECT ON `betting`.*", rights, StringComparison.Ordinal);
        Assert.Contains("INSERT ON `betting`.bet_changes, INSERT ON `betting`.bet_changes_local", rights, StringComparison.Ordinal);
    }

    [Fact]
    public void The_server_is_sent_a_salted_hash_and_never_the_password()
    {
        var statements = ClickHouseUsers.Statements("betting", new NamedPassword("sink", "a password"), null).ToList();

        Assert.All(statements, statement => Assert.DoesNotContain("a password", statement, StringComparison.Ordinal));
        var made = Identified().Match(statements[0]);
        Assert.Equal(
            Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes("a password" + made.Groups["salt"].Value))),
            made.Groups["hash"].Value
        );
        Assert.DoesNotContain("a password", new NamedPassword("sink", "a password").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_else_is_known()
    {
        var wrong = Assert.Throws<SchemaException>(() =>
            ClickHouseUsers.Statements("betting", new NamedPassword("root; DROP", "x"), null).ToList()
        );

        Assert.Contains("sink, reconciler, reader", wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sink", null, null)]
    [InlineData("=x", null, null)]
    [InlineData("sink=", "sink", "")]
    [InlineData("sink=a=b", "sink", "a=b")]
    public void An_argument_is_a_name_and_a_password(string argument, string? name, string? password)
    {
        var read = NamedPassword.Read(argument);

        Assert.Equal((name, password), (read?.Name, read?.Password));
    }

    [GeneratedRegex("BY '(?<hash>[0-9A-F]{64})' SALT '(?<salt>[0-9A-F]+)'")]
    private static partial Regex Identified();
}
