namespace Betting.Tests.Fixtures;

/// <summary>The change streams of real Debezium in <c>tests/Fixtures/recorded</c>, or in any folder of that form.</summary>
public static class Recordings
{
    /// <summary>The folder of this repository.</summary>
    public static string Folder { get; } = Path.Combine(RepositoryRoot(), "tests", "Fixtures", "recorded");

    /// <summary>The file of one scenario, such as <c>churn-3.6</c>.</summary>
    public static string File(string scenario) => Path.Combine(Folder, scenario + ".jsonl.gz");

    static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "Workers.sln")))
                return folder.FullName;
        }
        throw new InvalidOperationException("No Workers.sln above " + AppContext.BaseDirectory);
    }
}
