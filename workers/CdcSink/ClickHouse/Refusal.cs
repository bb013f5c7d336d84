using System.Globalization;

namespace Betting.CdcSink.ClickHouse;

/// <summary>ClickHouse takes a batch not as it is: it is to be divided.</summary>
/// <param name="Code">ClickHouse's error code.</param>
/// <param name="Cause">What it threw.</param>
sealed record Refusal(string Code, Exception Cause)
{
    public string Name => NameOf(Code);

    /// <summary>
    /// The failure in one line of at most 500 characters, with the reason below it where there is one; never a stack trace.
    /// </summary>
    public static string LineOf(Exception failure)
    {
        var text = failure.InnerException is { } cause ? $"{failure.Message}: {cause.Message}" : failure.Message;
        var end = text.AsSpan().IndexOfAny('\r', '\n');
        return text[..Math.Min(end < 0 ? text.Length : end, 500)];
    }

    public static string NameOf(string code) =>
        int.TryParse(code, CultureInfo.InvariantCulture, out var number) ? FailureTable.NameOf(number) : code;
}

/// <summary>ClickHouse refuses what only an operator can mend.</summary>
public sealed class ClickHouseRefusedException(string message, Exception cause) : Exception(message, cause)
{
    /// <summary>In one line what it refuses with and what to do about it.</summary>
    public static ClickHouseRefusedException Of(string code, Exception cause) =>
        new($"ClickHouse refuses with {code} ({Refusal.NameOf(code)}): {Advice(code)}", cause);

    static string Advice(string code) =>
        code switch
        {
            "60" or "81" or "16" or "47" or "46" or "10" or "20" or "43" or "44" or "50" or "53" or "63" => "its schema is not this "
                + "version's, or a part of it is lost: CdcSink migrate says which, "
                + "docs/runbooks/cdcsink.md#a-table-or-view-of-clickhouse-is-lost what to do",
            "497" or "516" or "192" or "193" or "194" or "195" or "291" or "511" or "512" or "720" => "look at the user, the password and "
                + "the rights of ClickHouse:ConnectionString",
            "115" or "180" or "452" or "471" or "472" => "look at the settings in ClickHouse:ConnectionString",
            _ => "nothing of the batch is recorded; see docs/failures.md#clickhouse",
        };
}
