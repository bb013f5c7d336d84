using System.ComponentModel.DataAnnotations;

namespace Betting.Connections;

/// <summary>Section <c>Postgres</c>.</summary>
public sealed class PostgresOptions : IValidatableObject
{
    public const string Section = "Postgres";

    /// <summary>
    /// Npgsql connection string. With several hosts (<c>Host=a,b</c>) the worker follows the primary, whatever <c>Target Session
    /// Attributes</c> and <c>Load Balance Hosts</c> say. TLS: <c>SSL Mode=VerifyFull;Root Certificate=…</c>.
    /// </summary>
    [Required(ErrorMessage = "required, for example Host=127.0.0.1;Database=betting;Username=ingest;Password=…")]
    public string ConnectionString { get; set; } = "";

    /// <summary>Connections that any worker may hold at once.</summary>
    internal const int LeastPool = 10;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        PostgresRules.WhatIsWrong(ConnectionString).Select(wrong => new ValidationResult(wrong, [nameof(ConnectionString)]));
}
