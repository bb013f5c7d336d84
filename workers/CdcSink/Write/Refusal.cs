namespace Betting.CdcSink.Write;

/// <summary>ClickHouse takes a batch not as it is: it is to be divided.</summary>
/// <param name="Code">ClickHouse's error code.</param>
/// <param name="Cause">What it threw.</param>
sealed record Refusal(string Code, Exception Cause);

/// <summary>ClickHouse refuses what only an operator can mend.</summary>
public sealed class ClickHouseRefusedException(string message, Exception cause) : Exception(message, cause);
