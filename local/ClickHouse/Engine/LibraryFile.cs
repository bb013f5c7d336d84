namespace Betting.Local.ClickHouse.Engine;

/// <summary>Where libchdb.so is, when the command line does not say so.</summary>
static class LibraryFile
{
    public const string Variable = "CHDB_LIB";
    const string InPackages = "node_modules/@chdb/lib-linux-x64-gnu/libchdb.so";

    /// <summary>
    /// The environment's CHDB_LIB, else the npm package in the folder of the executable or any above it, or in
    /// <c>local/ClickHouse</c> of one of them.
    /// </summary>
    /// <exception cref="StartupException">There is none.</exception>
    public static string Find(string? given)
    {
        var named = given ?? Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(named))
            return File.Exists(named) ? Path.GetFullPath(named) : throw new StartupException($"There is no engine library at {named}.");

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            foreach (var place in new[] { folder.FullName, Path.Combine(folder.FullName, "local", "ClickHouse") })
            {
                var file = Path.Combine(place, InPackages);
                if (File.Exists(file))
                    return file;
            }
        }

        throw new StartupException($"There is no engine library. Run 'npm ci' in local/ClickHouse, or set {Variable} or --lib.");
    }
}
