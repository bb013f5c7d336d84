namespace Betting.Schema;

/// <summary>Splits a numbered .sql file into its statements, which ClickHouse takes one at a time.</summary>
static class SqlStatements
{
    /// <summary>Statements end at a semicolon outside of comments, strings and quoted names; the semicolon is left out.</summary>
    public static IEnumerable<string> Of(string sql)
    {
        int start = 0,
            at = 0;
        var hasContent = false;
        while (at < sql.Length)
        {
            if (sql[at] == ';')
            {
                if (hasContent)
                {
                    yield return sql[start..at].Trim();
                }
                start = ++at;
                hasContent = false;
                continue;
            }
            var next = Skip(sql, at);
            hasContent |= !char.IsWhiteSpace(sql[at]) && !IsComment(sql, at);
            at = next;
        }
        if (hasContent)
        {
            yield return sql[start..].Trim();
        }
    }

    static bool IsComment(string sql, int at) => sql.AsSpan(at).StartsWith("--") || sql.AsSpan(at).StartsWith("/*");

    /// <summary>The place behind the comment, string, quoted name or single character that begins here.</summary>
    static int Skip(string sql, int at)
    {
        if (sql.AsSpan(at).StartsWith("--"))
        {
            return sql.IndexOf('\n', at) is var end and >= 0 ? end : sql.Length;
        }
        if (sql.AsSpan(at).StartsWith("/*"))
        {
            return sql.IndexOf("*/", at + 2, StringComparison.Ordinal) is var end and >= 0 ? end + 2 : sql.Length;
        }
        if (sql[at] is not ('\'' or '`' or '"'))
        {
            return at + 1;
        }
        var quote = sql[at++];
        for (; at < sql.Length && sql[at] != quote; at++)
        {
            at += sql[at] == '\\' ? 1 : 0;
        }
        return Math.Min(at + 1, sql.Length);
    }
}
