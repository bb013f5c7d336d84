using System.Globalization;

namespace Betting.Reconciler.Compare.Tables;

/// <summary>
/// Ranges of ids of one width, over the ids that PostgreSQL has; ids outside belong to the first or the last. A pass over a table has
/// totals of each.
/// </summary>
sealed class IdRanges
{
    public const int Most = 1024;

    readonly long _first,
        _last,
        _width;

    /// <param name="first">The least id; null of an empty table.</param>
    /// <param name="last">The largest id.</param>
    public IdRanges(long? first, long? last)
    {
        // Ids are positive: so no difference of two of them is too large.
        _first = Math.Max(first ?? 0, 0);
        _last = Math.Max(last ?? 0, _first);
        _width = (_last - _first) / Most + 1;
    }

    /// <summary>The range's number, 0 to <see cref="Most"/> - 1, of the column <c>id</c>.</summary>
    public string Postgres =>
        string.Create(CultureInfo.InvariantCulture, $"((least(greatest(id, {_first}), {_last}) - {_first}) / {_width})");

    /// <inheritdoc cref="Postgres"/>
    // toInt64: a large literal is unsigned, and has no common type with a signed id.
    public string ClickHouse =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"intDiv(least(greatest(id, toInt64({_first})), toInt64({_last})) - toInt64({_first}), toInt64({_width}))"
        );
}
