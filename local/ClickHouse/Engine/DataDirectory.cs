namespace Betting.Local.ClickHouse.Engine;

/// <summary>
/// The folder with the engine's data. One process holds it at a time, by a lock that the kernel drops when the process ends in
/// any way: after a kill the next start finds it free.
/// </summary>
sealed class DataDirectory : IDisposable
{
    const string LockFile = "host.lock";
    readonly FileStream _lock;

    DataDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    public string ConfigurationFile => System.IO.Path.Combine(Path, "host-config.xml");

    /// <exception cref="StartupException">Another process holds the folder, or it cannot be written.</exception>
    public static DataDirectory Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(path);
            // FileShare.None is flock(2) here.
            var held = new FileStream(System.IO.Path.Combine(path, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new DataDirectory(path, held);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new StartupException($"The data folder {path} cannot be written: {error.Message}", error);
        }
        catch (IOException error)
        {
            throw new StartupException(
                $"The data folder {path} is in use by another process, or cannot be written: {error.Message}",
                error
            );
        }
    }

    public void Dispose() => _lock.Dispose();
}
