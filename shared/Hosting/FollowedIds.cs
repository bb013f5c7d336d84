using System.Globalization;
using Microsoft.Extensions.Options;

namespace Betting.Hosting;

/// <summary>
/// The commands and bets that <see cref="LogOptions.Follow"/> names. Each worker logs every step that it takes with one of them.
/// </summary>
public sealed class FollowedIds(IOptions<LogOptions> options)
{
    /// <summary>Ids that one worker follows at most.</summary>
    public const int MostIds = 100;

    /// <summary>Nothing is followed.</summary>
    public static FollowedIds None { get; } = new(Options.Create(new LogOptions()));

    readonly string[] _ids = Split(options.Value.Follow);

    /// <summary>Command ids.</summary>
    public IReadOnlySet<Guid> Commands => field ??= _ids.Where(id => Guid.TryParse(id, out _)).Select(Guid.Parse).ToHashSet();

    /// <summary>Bet ids.</summary>
    public IReadOnlySet<long> Bets => field ??= _ids.Where(IsBet).Select(id => long.Parse(id, CultureInfo.InvariantCulture)).ToHashSet();

    /// <summary>True where the setting names nothing: then no step is looked at.</summary>
    public bool IsEmpty => _ids.Length == 0;

    /// <returns>What is wrong with the setting's text, or null.</returns>
    public static string? FaultOf(string text) =>
        Split(text) switch
        {
            { Length: > MostIds } => string.Create(CultureInfo.InvariantCulture, $"at most {MostIds} ids"),
            var ids when ids.Any(id => !Guid.TryParse(id, out _) && !IsBet(id)) => "ids of commands (UUIDs) and of bets (whole numbers "
                + "above 0), separated by commas",
            _ => null,
        };

    static bool IsBet(string id) => long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var bet) && bet > 0;

    static string[] Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
