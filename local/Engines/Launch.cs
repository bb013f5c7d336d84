namespace Betting.Local.Engines;

/// <summary>How a program is started; arguments go to it as they are, no shell in between.</summary>
public sealed record Launch(string Program, IReadOnlyList<string> Arguments)
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public string? WorkingDirectory { get; init; }

    /// <summary>
    /// The same program as the user <paramref name="name"/> where we are root: PostgreSQL refuses to run as root. setpriv
    /// executes the program in its own place, so the process id stays the program's.
    /// </summary>
    public Launch AsUserIfRoot(string name) =>
        System.Environment.UserName != "root"
            ? this
            : this with
            {
                Program = "setpriv",
                Arguments = [$"--reuid={name}", $"--regid={name}", "--clear-groups", "--", Program, .. Arguments],
            };
}
