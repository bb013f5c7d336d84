namespace Betting.Local.Capture.Source;

/// <summary>Which types of PostgreSQL this stand-in captures: those of the platform's tables and their near relatives.</summary>
static class ColumnTypes
{
    public const string Enumeration = "enum";

    /// <returns>The form, or null for a type that the stand-in must refuse.</returns>
    public static Form? Form(string type) =>
        type switch
        {
            "int2" or "int4" or "int8" => Source.Form.Number,
            "bool" => Source.Form.Boolean,
            "text" or "varchar" or "bpchar" or "uuid" or "json" or "jsonb" or Enumeration => Source.Form.Text,
            "numeric" => Source.Form.Numeric,
            "timestamptz" => Source.Form.Timestamp,
            _ => null,
        };
}
