using System.Globalization;

namespace Betting.CacheWarmer.Fills;

/// <summary>Times in cached values: <c>2026-11-22T12:00:00.000000Z</c>, all that PostgreSQL keeps.</summary>
static class UtcText
{
    public static string Of(DateTime utc) => utc.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
