namespace Betting.Reconciler.Compare;

/// <summary>
/// How long a list is that goes to ClickHouse as one parameter of a URL. A server refuses a parameter of more than 131,072 bytes
/// (<c>http_max_field_value_size</c>), counted as it is encoded: a comma has three.
/// </summary>
static class ListLimits
{
    /// <summary>64-bit ids: 23 bytes each at most.</summary>
    public const int Ids = 3_000;

    /// <summary>Days since 1970, from 1900 to 2299: 9 bytes each at most.</summary>
    public const int Days = 10_000;

    /// <summary>Ids of requests: texts with a topic's name and a position.</summary>
    public const int Requests = 100;
}
