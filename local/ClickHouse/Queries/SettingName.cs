using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Queries;

/// <summary>The name of a setting, which goes into a SET as it stands.</summary>
static class SettingName
{
    /// <exception cref="EngineException">UNKNOWN_SETTING: it is no name at all. Whether the engine knows it, the engine says.</exception>
    public static string Check(string name) =>
        name.Length > 0 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_')
            ? name
            : throw new EngineException(ErrorCode.UnknownSetting, $"Setting '{name}' is neither a builtin setting nor a name");
}
