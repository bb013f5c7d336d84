namespace Betting.Schema;

/// <summary>A schema script could not be applied; the message names it.</summary>
public sealed class SchemaException(string message, Exception? inner = null) : Exception(message, inner);
