using System.Text;
using Betting.Local.ClickHouse.Engine;
using Betting.Local.ClickHouse.Sql;
using Xunit;

namespace Betting.Tests.Local.ClickHouse;

public sealed class StatementReaderTests
{
    [Theory]
    [InlineData("SELECT 1", "SELECT 1")]
    [InlineData("SELECT 1;", "SELECT 1")]
    [InlineData("SELECT 1 ; ; -- done; really\n /* ; */ ;", "SELECT 1 ")]
    [InlineData("SELECT ';' , \"a;b\", `c;d`;", "SELECT ';' , \"a;b\", `c;d`")]
    [InlineData(@"SELECT 'it\'s; ''fine'';'", @"SELECT 'it\'s; ''fine'';'")]
    [InlineData("SELECT $$a;'b$$, $tag$ $$; $tag$;", "SELECT $$a;'b$$, $tag$ $$; $tag$")]
    [InlineData("SELECT ‘a;b’, “c;d”", "SELECT ‘a;b’, “c;d”")]
    [InlineData("SELECT 1 /* a /* nested ; */ ; */", "SELECT 1 /* a /* nested ; */ ; */")]
    [InlineData("SELECT 1 # comment ; here\n;", "SELECT 1 # comment ; here\n")]
    [InlineData("SELECT 1 #! comment ; here", "SELECT 1 #! comment ; here")]
    [InlineData("SELECT x$y, $z FROM t;", "SELECT x$y, $z FROM t")]
    [InlineData("SELECT 5-3, 6/2;", "SELECT 5-3, 6/2")]
    public void One_statement_ends_before_its_semicolon(string sql, string expected)
    {
        var statement = Read(sql);

        Assert.Equal(StatementKind.Select, statement.Kind);
        Assert.Equal(expected, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(sql), 0, statement.TextEnd));
    }

    [Theory]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("SELECT 1;;DROP TABLE t")]
    [InlineData("SELECT 'a'';'; DROP TABLE t")]
    [InlineData("SELECT 1 /* ; */; -- x\nDROP TABLE t")]
    [InlineData("SELECT (1); 2")]
    [InlineData("INSERT INTO t VALUES (1); DROP TABLE t")]
    [InlineData("INSERT INTO t VALUES (1)\n;\nSELECT 1")]
    [InlineData("INSERT INTO t SELECT 1; DROP TABLE t")]
    [InlineData("CREATE TABLE t (a UInt8) ENGINE = Memory; INSERT INTO t VALUES (1)")]
    [InlineData("SELECT $a$ $a$; DROP TABLE t")]
    public void A_second_statement_is_refused(string sql) =>
        Assert.Equal(ErrorCode.SyntaxError, Assert.Throws<EngineException>(() => Read(sql)).Code);

    [Theory]
    [InlineData("SELECT 1 FORMAT CSV", "CSV")]
    [InlineData("SELECT 1 format JSONEachRow;", "JSONEachRow")]
    [InlineData("SELECT * FORMAT TSV", "TSV")]
    [InlineData("SELECT 1 FORMAT TSV SETTINGS max_threads = 1", "TSV")]
    [InlineData("SELECT 1 SETTINGS max_threads = 1 FORMAT TSV", "TSV")]
    [InlineData("SELECT 1 AS format FORMAT TSV", "TSV")]
    [InlineData("SELECT count() FORMAT TSV -- not CSV", "TSV")]
    [InlineData("SELECT 'FORMAT CSV'", null)]
    [InlineData("SELECT 1 AS format", null)]
    [InlineData("SELECT format FROM t", null)]
    [InlineData("SELECT format CSV", null)]
    [InlineData("SELECT a FROM (SELECT 1 AS a FORMAT CSV)", null)]
    [InlineData("SELECT format(template, x) FROM t", null)]
    [InlineData("SELECT t.format x FROM t", null)]
    [InlineData("SELECT x FORMAT", null)]
    public void The_format_is_the_clause_and_no_other_word(string sql, string? format) => Assert.Equal(format, Read(sql).Format);

    [Theory]
    [InlineData("WITH 1 AS x SELECT x", true)]
    [InlineData("(SELECT 1) UNION ALL (SELECT 2)", true)]
    [InlineData("FROM t SELECT a", true)]
    [InlineData("-- first\nSELECT 1", true)]
    [InlineData("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", false)]
    [InlineData("SHOW TABLES", false)]
    [InlineData("INSERT INTO t VALUES (1)", false)]
    [InlineData("INSERT INTO t FORMAT Values (1)", false)]
    [InlineData("INSERT INTO t (format) SELECT 1", false)]
    [InlineData("ALTER TABLE t DELETE WHERE 1", false)]
    public void Only_a_select_is_streamed(string sql, bool streamed) =>
        Assert.Equal(streamed ? StatementKind.Select : StatementKind.Other, Read(sql).Kind);

    [Theory]
    [InlineData("INSERT INTO t FORMAT RowBinary\nROWS", "INSERT INTO t ", "RowBinary", "ROWS")]
    [InlineData("INSERT INTO t FORMAT RowBinary ROWS", "INSERT INTO t ", "RowBinary", "ROWS")]
    [InlineData(
        "insert into db.t (`a;b`, format) settings x = 1 format csv\r\nSELECT; 'x",
        "insert into db.t (`a;b`, format) settings x = 1 ",
        "csv",
        "SELECT; 'x"
    )]
    [InlineData("INSERT INTO FUNCTION null('a Int') FORMAT TSV\n\n\n1", "INSERT INTO FUNCTION null('a Int') ", "TSV", "\n\n1")]
    [InlineData("INSERT INTO TABLE format FORMAT TSV\n1; 2", "INSERT INTO TABLE format ", "TSV", "1; 2")]
    [InlineData("INSERT INTO values.select FORMAT TSV\n", "INSERT INTO values.select ", "TSV", "")]
    [InlineData("INSERT INTO t /* FORMAT X */ FORMAT TSV", "INSERT INTO t /* FORMAT X */ ", "TSV", "")]
    public void The_rows_of_an_insert_start_behind_its_format(string sql, string head, string format, string rows)
    {
        var statement = Read(sql);

        Assert.Equal(StatementKind.InsertData, statement.Kind);
        Assert.Equal((head, format, rows), (sql[..statement.TextEnd], statement.Format, sql[statement.DataStart..]));
    }

    [Theory]
    [InlineData("", ErrorCode.SyntaxError)]
    [InlineData(" -- nothing", ErrorCode.SyntaxError)]
    [InlineData("INSERT INTO t", ErrorCode.SyntaxError)]
    [InlineData("INSERT INTO t FORMAT", ErrorCode.SyntaxError)]
    [InlineData("INSERT INTO t FORMAT CSV;", ErrorCode.SyntaxError)]
    [InlineData("INSERT INTO t FORMAT CSV SETTINGS x = 1\n1", ErrorCode.NotImplemented)]
    [InlineData("INSERT INTO t FROM INFILE '/etc/passwd' FORMAT TSV", ErrorCode.UnknownTypeOfQuery)]
    [InlineData("INSERT INTO t SELECT * FROM input('a UInt8') FORMAT TSV", ErrorCode.NotImplemented)]
    [InlineData("INSERT INTO t SELECT * FROM (SELECT * FROM input ('a UInt8'))", ErrorCode.NotImplemented)]
    [InlineData("SELECT 1 INTO OUTFILE '/tmp/x'", ErrorCode.IntoOutfileNotAllowed)]
    public void What_a_server_does_not_do_is_refused(string sql, object code) =>
        Assert.Equal((ErrorCode)code, Assert.Throws<EngineException>(() => Read(sql)).Code);

    [Fact]
    public void A_head_that_has_not_come_whole_is_waited_for()
    {
        const string sql = "INSERT INTO t (`a'b`, /* x */ c) SETTINGS s = '; FORMAT CSV' FORMAT RowBinary\nX";
        byte[] bytes = Encoding.UTF8.GetBytes(sql);

        for (int length = 0; length < bytes.Length; length++)
            Assert.False(StatementReader.TryRead(bytes.AsSpan(0, length), isWhole: false, out _), sql[..length]);

        Assert.True(StatementReader.TryRead(bytes, isWhole: false, out var statement));
        Assert.Equal("X", sql[statement.DataStart..]);
    }

    static Statement Read(string sql)
    {
        Assert.True(StatementReader.TryRead(Encoding.UTF8.GetBytes(sql), isWhole: true, out var statement));
        return statement;
    }
}
