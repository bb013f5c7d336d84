using System.ComponentModel.DataAnnotations;

namespace Betting.Connections;

/// <summary>Section <c>Redis</c>.</summary>
public sealed class RedisOptions : IValidatableObject
{
    public const string Section = "Redis";

    /// <summary>StackExchange.Redis configuration. TLS: <c>ssl=true</c>.</summary>
    [Required(ErrorMessage = "required, for example 127.0.0.1:6379")]
    public string ConnectionString { get; set; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        RedisRules.WhatIsWrong(ConnectionString).Select(wrong => new ValidationResult(wrong, [nameof(ConnectionString)]));
}
