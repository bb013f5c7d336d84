using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.Json;

namespace Betting.Hosting;

/// <summary>A section of the settings and the options that hold it.</summary>
sealed record RegisteredSection(string Name, Type Options)
{
    /// <summary>The properties of the options that can be set.</summary>
    public List<PropertyInfo> Settings =>
        [
            .. Options
                .GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.CanWrite || IsMap(property.PropertyType)),
        ];

    /// <summary>True for settings whose names below it are free.</summary>
    public static bool IsMap(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>);
}

/// <summary>
/// Checks the names and forms of all settings before they are bound, so that a mistyped one is refused and never passed over, and
/// a message names the setting as operators write it.
/// </summary>
static class SettingCheck
{
    // Sections of the other workers may stand in an environment or a file that workers share.
    static readonly string[] Elsewhere =
    [
        "Postgres",
        "ClickHouse",
        "Redis",
        "RabbitMq",
        "Kafka",
        "Connect",
        "OpenTelemetry",
        "Http",
        "Logs",
        "Ingest",
        "CacheWarmer",
        "CdcSink",
        "Reconciler",
    ];

    static readonly string[] Framework = ["Logging", "AllowedHosts", "Serilog"];

    public static IReadOnlyList<string> WhatIsWrong(IConfiguration configuration, IEnumerable<RegisteredSection> registered)
    {
        var sections = registered.DistinctBy(section => section.Name, StringComparer.OrdinalIgnoreCase).ToList();
        var names = sections.Select(section => section.Name).Concat(Elsewhere).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        return
        [
            .. Given(configuration)
                .Where(name => !names.Concat(Framework).Contains(name, StringComparer.OrdinalIgnoreCase))
                .Select(name => $"{name}: there is no such section of settings{Spelling.Hint(name, names)}"),
            .. EnvironmentSections.Mistyped(configuration, names, sections),
            .. sections.SelectMany(section =>
                configuration.GetSection(section.Name).GetChildren().SelectMany(child => Key(section, child))
            ),
        ];
    }

    // Every setting of these is meant for this worker; the environment holds variables of others.
    static IEnumerable<string> Given(IConfiguration configuration) =>
        configuration is IConfigurationRoot root
            ? root
                .Providers.Where(provider => provider is CommandLineConfigurationProvider or JsonConfigurationProvider)
                // A name without parts is the framework's, such as urls.
                .SelectMany(provider => provider.GetChildKeys([], null).Where(name => provider.GetChildKeys([], name).Any()))
                .Distinct(StringComparer.OrdinalIgnoreCase)
            : [];

    static IEnumerable<string> Key(RegisteredSection section, IConfigurationSection child)
    {
        var settable = section.Settings;
        var property = settable.Find(property => string.Equals(property.Name, child.Key, StringComparison.OrdinalIgnoreCase));
        var setting = $"{section.Name}:{property?.Name ?? child.Key}";
        if (property is null)
        {
            return [$"{setting}: there is no such setting{Spelling.Hint(child.Key, settable.Select(each => each.Name))}"];
        }
        if (RegisteredSection.IsMap(property.PropertyType))
        {
            return child
                .GetChildren()
                .SelectMany(entry => Value($"{setting}:{entry.Key}", entry, property.PropertyType.GetGenericArguments()[1]));
        }
        return Value(setting, child, property.PropertyType);
    }

    static IEnumerable<string> Value(string setting, IConfigurationSection given, Type type)
    {
        if (given.GetChildren().Any())
        {
            return [$"{setting}: takes one value and has no settings below it"];
        }
        return given.Value is { } text && SettingValue.Allowed(text, type) is { } allowed
            ? [$"{setting}: {allowed}{SettingValue.Quoted(setting, text)}"]
            : [];
    }
}
