namespace Betting.Local.ClickHouse.Queries;

/// <summary>Values and names within statements that the host itself writes.</summary>
static class SqlLiteral
{
    public static string Of(string text) => $"'{Escape(text).Replace("'", "\\'", StringComparison.Ordinal)}'";

    public static string Name(string name) => $"`{Escape(name).Replace("`", "\\`", StringComparison.Ordinal)}`";

    static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal);
}
