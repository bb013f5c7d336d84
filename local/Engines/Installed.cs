namespace Betting.Local.Engines;

/// <summary>Where the programs of Debian's packages and of this project stand.</summary>
public static class Installed
{
    static readonly Lazy<string> Root = new(FindRoot);

    /// <summary>The folder of <c>Workers.sln</c>.</summary>
    public static string ProjectRoot => Root.Value;

    /// <summary>A PostgreSQL program of the newest installed major version, for example <c>initdb</c>.</summary>
    public static string Postgres(string program)
    {
        var versions = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        return versions
            .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), out var major) ? major : 0)
            .Select(folder => Path.Combine(folder, "bin", program))
            .FirstOrDefault(File.Exists)
            ?? throw new EngineException($"PostgreSQL's {program} is not installed: apt-get install postgresql");
    }

    /// <summary>A program on the PATH or in the folders where Debian puts servers.</summary>
    public static string Debian(string program, string package) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .Concat(["/usr/sbin", "/usr/lib/rabbitmq/bin"])
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists)
        ?? throw new EngineException($"{program} is not installed: apt-get install {package}");

    /// <summary>
    /// One of this project's own programs, built in the same configuration as the caller.
    /// </summary>
    /// <param name="folder">Its project's folder, for example <c>local/Kafka</c>.</param>
    /// <param name="assembly">Its assembly, for example <c>LocalKafka</c>.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Launch Own(string folder, string assembly, params string[] arguments)
    {
        var configuration = AppContext.BaseDirectory.Contains("/Debug/", StringComparison.Ordinal) ? "Debug" : "Release";
        var dll = Path.Combine(ProjectRoot, folder, "bin", configuration, "net10.0", assembly + ".dll");
        return File.Exists(dll)
            ? new Launch("dotnet", [dll, .. arguments]) { WorkingDirectory = ProjectRoot }
            : throw new EngineException($"{folder} is not built: dotnet build Workers.sln -c {configuration}");
    }

    static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Workers.sln")))
            {
                return folder;
            }
        }
        throw new EngineException("no Workers.sln in any folder above " + AppContext.BaseDirectory);
    }
}
