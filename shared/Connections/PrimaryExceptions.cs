using Npgsql;

namespace Betting.Connections;

/// <summary>A primary from before a promotion; nothing is told to it.</summary>
public sealed class OlderPrimaryException(string server, int timeline, int newest)
    : NpgsqlException(
        $"{server} is a primary on timeline {timeline}, and timeline {newest} is known: it was the primary before a promotion"
    );

/// <summary>None of several hosts is the primary.</summary>
/// <param name="hosts">Each with what it said last.</param>
public sealed class NoPrimaryException(string hosts) : NpgsqlException($"no host is the primary: {hosts}");
