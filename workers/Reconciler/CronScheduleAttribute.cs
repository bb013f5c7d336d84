using System.ComponentModel.DataAnnotations;
using Cronos;

namespace Betting.Reconciler;

/// <summary>A setting that must be a cron expression of five fields.</summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class CronScheduleAttribute : ValidationAttribute
{
    public CronScheduleAttribute()
        : base("a cron expression of five fields, for example '15 3 * * *'") { }

    public override bool IsValid(object? value) => value is string text && CronExpression.TryParse(text, out _);
}
