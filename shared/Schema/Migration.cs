namespace Betting.Schema;

/// <summary>What a migration did.</summary>
/// <param name="Applied">The names of the files that it applied, in their order; empty where the schema was current.</param>
/// <param name="CreatedAgain">The names of the lost summaries that it created again, with their first refresh ordered.</param>
public sealed record Migration(IReadOnlyList<string> Applied, IReadOnlyList<string> CreatedAgain);
