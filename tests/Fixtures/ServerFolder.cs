namespace Betting.Tests.Fixtures;

/// <summary>Temporary folders for servers.</summary>
public static class ServerFolder
{
    /// <summary>A new folder that other users can pass through: PostgreSQL runs as one of its own where we are root.</summary>
    public static string Create()
    {
        var folder = Directory.CreateTempSubdirectory("betting-tests-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        return folder;
    }
}
