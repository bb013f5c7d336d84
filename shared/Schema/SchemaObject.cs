namespace Betting.Schema;

/// <summary>What a table or view of the schema holds, which decides how it comes back when it is lost.</summary>
public enum SchemaObjectKind
{
    /// <summary>A table whose rows are not a function of other tables alone, or cost a command of their own to derive.</summary>
    Table,

    /// <summary>A view that inserts into a table what is inserted into another. What passes while it is missing is not inserted.</summary>
    Feed,

    /// <summary>A view without rows of its own.</summary>
    View,

    /// <summary>A view with a refresh schedule, or the table that such a view fills: each refresh computes all of its rows again.</summary>
    Summary,
}

/// <summary>A table or view that the schema's files create.</summary>
/// <param name="Name">Its name, without the database.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Statement">The statement that creates it.</param>
/// <param name="Fills">Of a view with a refresh schedule, the table that it fills; else null.</param>
public sealed record SchemaObject(string Name, SchemaObjectKind Kind, string Statement, string? Fills);
