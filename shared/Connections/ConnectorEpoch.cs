using System.Globalization;
using Betting.Contracts;

namespace Betting.Connections;

/// <summary>
/// The epoch that a connector gives its records, by its settings: the value of the transform InsertHeader for
/// <see cref="Topics.EpochHeader"/>.
/// </summary>
public static class ConnectorEpoch
{
    const string Insert = "InsertHeader";

    /// <param name="settings">The connector's, as Kafka Connect tells them.</param>
    /// <returns>Null where no transform gives one, or where only Connect knows the value or which records get it.</returns>
    public static int? Of(IReadOnlyDictionary<string, string> settings)
    {
        // Of two headers the last one counts.
        var transform = Setting("transforms")
            .Split(',', StringSplitOptions.TrimEntries)
            .LastOrDefault(name => Of(name, "type").Split('.')[^1] == Insert && Of(name, "header") == Topics.EpochHeader);
        return
            transform is not null
            && !IsChangedElsewhere()
            && Of(transform, "predicate").Length == 0
            && int.TryParse(Of(transform, "value.literal").Trim('"', ' '), NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
            ? epoch
            : null;

        // Such as HeaderFrom, or DropHeaders.
        bool IsChangedElsewhere() =>
            Setting("transforms")
                .Split(',', StringSplitOptions.TrimEntries)
                .Any(name =>
                    Of(name, "type").Split('.')[^1] != Insert
                    && Of(name, "headers").Split(',', StringSplitOptions.TrimEntries).Contains(Topics.EpochHeader)
                );

        string Setting(string name) => settings.GetValueOrDefault(name) ?? "";

        string Of(string transform, string name) => Setting($"transforms.{transform}.{name}").Trim();
    }
}
