namespace Betting.Local.Engines;

/// <summary>
/// Whether PostgreSQL's user can get to a folder: where we are root the server runs as a user of its own, and a parent that is closed
/// to others (mode 0700) closes the folder as well.
/// </summary>
public static class FolderAccess
{
    const UnixFileMode Pass = UnixFileMode.OtherExecute;

    /// <param name="folder">An existing folder.</param>
    /// <param name="user">Who has to get there.</param>
    /// <returns>Null, or the one line that says what is closed and how to mend it.</returns>
    public static async Task<string?> FaultAsync(string folder, string user)
    {
        if (Environment.UserName != "root" || await CanEnterAsync(folder, user))
        {
            return null;
        }
        var closed = Parents(folder).FirstOrDefault(parent => (File.GetUnixFileMode(parent) & Pass) == 0) ?? folder;
        return $"PostgreSQL runs as the user {user}, who may not enter {closed} (mode {Octal(File.GetUnixFileMode(closed))}): "
            + $"chmod o+x {closed}, or choose another folder with --data";
    }

    static async Task<bool> CanEnterAsync(string folder, string user)
    {
        using var test = System.Diagnostics.Process.Start(
            "setpriv",
            [$"--reuid={user}", $"--regid={user}", "--clear-groups", "--", "test", "-x", folder]
        );
        await test.WaitForExitAsync();
        return test.ExitCode == 0;
    }

    // From the root down: the first one that is closed is the one to open.
    static IEnumerable<string> Parents(string folder)
    {
        var path = "/";
        foreach (var part in Path.GetFullPath(folder).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            path = Path.Combine(path, part);
            if (Directory.ResolveLinkTarget(path, returnFinalTarget: false) is { } target)
            {
                path = target.FullName;
                foreach (var parent in Parents(path))
                {
                    yield return parent;
                }
            }
            else
            {
                yield return path;
            }
        }
    }

    static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');
}
