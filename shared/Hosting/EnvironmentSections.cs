using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace Betting.Hosting;

/// <summary>
/// Finds environment variables whose section is a mistyped one. The environment holds variables of others too, so a name is taken for a
/// mistyped section only where little is different: one letter of a long name, or a name that is near and below it a setting that the
/// section has.
/// </summary>
static class EnvironmentSections
{
    // A shorter name, such as Http, is one letter away from words of others.
    const int LongName = 6;

    /// <param name="configuration">Of the worker.</param>
    /// <param name="names">All sections there are.</param>
    /// <param name="sections">Those of this worker.</param>
    public static IEnumerable<string> Mistyped(
        IConfiguration configuration,
        IReadOnlyList<string> names,
        IReadOnlyList<RegisteredSection> sections
    )
    {
        foreach (var provider in (configuration as IConfigurationRoot)?.Providers.OfType<EnvironmentVariablesConfigurationProvider>() ?? [])
        {
            foreach (var name in provider.GetChildKeys([], null).Distinct(StringComparer.OrdinalIgnoreCase))
            {
                var keys = provider.GetChildKeys([], name).ToList();
                if (
                    keys.Count > 0
                    && !names.Contains(name, StringComparer.OrdinalIgnoreCase)
                    && Meant(name, keys, names, sections) is { } meant
                )
                {
                    yield return $"{name}__{keys[0]}: there is no such section of settings (in the environment); did you mean {meant}?";
                }
                else if (keys.Count == 0 && Joined(name, sections) is { } setting)
                {
                    yield return $"{name}: is no setting (in the environment); did you mean {setting}?";
                }
            }
        }
    }

    static string? Meant(string name, IEnumerable<string> keys, IReadOnlyList<string> names, IReadOnlyList<RegisteredSection> sections) =>
        Spelling.Nearest(name, names) is not { } near ? null
        : near.Length >= LongName && Spelling.IsOneEdit(name, near) ? near
        : sections.FirstOrDefault(section => section.Name == near) is { } section
        && keys.Any(key => Spelling.Nearest(key, section.Settings.Select(setting => setting.Name)) is not null)
            ? near
        : null;

    // Section_Key with one underscore. Of the sections that are named after a worker only: REDIS_URL and its like are others' variables.
    static string? Joined(string name, IEnumerable<RegisteredSection> sections) =>
        sections
            .Where(section => section.Name is "Ingest" or "CdcSink" or "CacheWarmer" or "Reconciler")
            .SelectMany(section =>
                section.Settings.Select(setting => (Name: $"{section.Name}_{setting.Name}", Right: $"{section.Name}__{setting.Name}"))
            )
            .FirstOrDefault(setting => string.Equals(setting.Name, name, StringComparison.OrdinalIgnoreCase))
            .Right;
}
