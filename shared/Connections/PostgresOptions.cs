using System.ComponentModel.DataAnnotations;

namespace Betting.Connections;

/// <summary>Section <c>Postgres</c>.</summary>
public sealed class PostgresOptions
{
    public const string Section = "Postgres";

    /// <summary>
    /// Npgsql connection string. Several hosts (<c>Host=a,b</c>) follow the primary. TLS: <c>SSL Mode=VerifyFull;Root Certificate=…</c>.
    /// </summary>
    [Required(ErrorMessage = "required, for example Host=127.0.0.1;Database=betting;Username=ingest;Password=…")]
    public string ConnectionString { get; set; } = "";
}
