using System.Globalization;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.ClickHouse;

/// <summary>
/// A list of ids as parameters of a statement. A server refuses a form field of more than 131,072 bytes (<c>http_max_field_value_size</c>),
/// so a long list is several parameters.
/// </summary>
static class IdList
{
    /// <summary>Of at most 21 bytes each, the comma included: less than half of what a field may have.</summary>
    public const int IdsAParameter = 3_000;

    /// <summary>Adds the list's parameters.</summary>
    /// <param name="parameters">The statement's.</param>
    /// <param name="name">The beginning of their names.</param>
    /// <param name="ids">In any order.</param>
    /// <returns>What stands behind <c>IN</c>.</returns>
    public static string Add(ClickHouseParameterCollection parameters, string name, ReadOnlySpan<long> ids)
    {
        var names = new List<string>();
        for (var start = 0; start == 0 || start < ids.Length; start += IdsAParameter)
        {
            var part = string.Create(CultureInfo.InvariantCulture, $"{name}{names.Count}");
            parameters.AddParameter(part, ids[start..Math.Min(start + IdsAParameter, ids.Length)].ToArray());
            names.Add($"{{{part}:Array(Int64)}}");
        }
        // The engine needs minutes for an array of more than 131,000 ids behind IN, and no time for a subquery.
        return names.Count == 1 ? $"({names[0]})" : $"(SELECT arrayJoin(arrayConcat({string.Join(", ", names)})))";
    }
}
