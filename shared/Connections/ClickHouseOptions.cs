using System.ComponentModel.DataAnnotations;

namespace Betting.Connections;

/// <summary>Section <c>ClickHouse</c>.</summary>
public sealed class ClickHouseOptions : IValidatableObject
{
    public const string Section = "ClickHouse";

    /// <summary>ClickHouse.Driver connection string. TLS: <c>Protocol=https</c>.</summary>
    [Required(ErrorMessage = "required, for example Host=127.0.0.1;Port=8123;Database=betting;Username=default")]
    public string ConnectionString { get; set; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        ClickHouseRules.WhatIsWrong(ConnectionString).Select(wrong => new ValidationResult(wrong, [nameof(ConnectionString)]));
}
