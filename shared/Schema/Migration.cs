namespace Betting.Schema;

/// <summary>What a migration did.</summary>
/// <param name="Applied">The names of the files that it applied, in their order; empty where the schema was current.</param>
/// <param name="CreatedAgain">The names of the lost summaries that it created again, with their first refresh ordered.</param>
/// <param name="Replaced">
/// The names of the views and summaries that were not defined as in the newest files, and were created again.
/// </param>
/// <param name="Newer">The names of applied files that this program does not have. If there are any, it changed nothing.</param>
public sealed record Migration(
    IReadOnlyList<string> Applied,
    IReadOnlyList<string> CreatedAgain,
    IReadOnlyList<string> Replaced,
    IReadOnlyList<string> Newer
);
