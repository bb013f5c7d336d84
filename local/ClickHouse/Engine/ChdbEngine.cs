using System.Globalization;
using System.Runtime.InteropServices;

namespace Betting.Local.ClickHouse.Engine;

/// <summary>
/// The engine of this process. It lives while a connection is open, so one is kept from start to end; each query gets another.
/// </summary>
sealed unsafe class ChdbEngine : IDisposable
{
    readonly ChdbLibrary _library;
    readonly DataDirectory _directory;
    readonly string[] _arguments;
    readonly EngineConnection _keeper;

    ChdbEngine(ChdbLibrary library, DataDirectory directory, string[] arguments)
    {
        _library = library;
        _directory = directory;
        _arguments = arguments;
        _keeper = Connect();
        Version = _keeper.Scalar("SELECT version()");
    }

    public string Version { get; }

    /// <param name="libraryFile">libchdb.so.</param>
    /// <param name="path">The folder with the data; made when it is not there.</param>
    /// <param name="memoryLimit">Bytes that all queries together may take; 0 leaves it to the engine.</param>
    /// <exception cref="StartupException">The library cannot be loaded, or the data is held by another process or unreadable.</exception>
    public static ChdbEngine Start(string libraryFile, string path, long memoryLimit)
    {
        var directory = DataDirectory.Open(path);
        try
        {
            EngineConfiguration.Write(memoryLimit, directory.Path).Save(directory.ConfigurationFile);
            return new ChdbEngine(new ChdbLibrary(libraryFile), directory, Arguments(directory));
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            directory.Dispose();
            throw new StartupException($"{libraryFile} is no engine library that this host knows: {error.Message}", error);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <param name="comment">Stands as log_comment at every query of this connection, in system.processes.</param>
    /// <exception cref="StartupException">The engine refuses: the folder is another engine's.</exception>
    public EngineConnection Connect(string comment = "")
    {
        string[] texts = comment.Length == 0 ? _arguments : [.. _arguments, $"--log_comment={comment}"];
        var arguments = stackalloc byte*[texts.Length];
        for (var index = 0; index < texts.Length; index++)
            arguments[index] = (byte*)Marshal.StringToCoTaskMemUTF8(texts[index]);
        try
        {
            var connection = _library.Connect(texts.Length, arguments);
            if (connection is null)
                throw new StartupException($"The engine does not open {_directory.Path}: it is in use by another process or damaged.");
            return new EngineConnection(_library, connection);
        }
        finally
        {
            for (var index = 0; index < texts.Length; index++)
                Marshal.FreeCoTaskMem((nint)arguments[index]);
        }
    }

    /// <summary>Closes the engine; every other connection must be closed by now.</summary>
    public void Dispose()
    {
        _keeper.Dispose();
        _ = _library.Shutdown();
        _directory.Dispose();
    }

    /// <summary>
    /// Server options count for the first connection, settings for each. implicit_select off: as a library the engine would take
    /// any expression for a query, where a server reports a syntax error.
    /// </summary>
    static string[] Arguments(DataDirectory directory) =>
        [
            "clickhouse",
            $"--path={directory.Path}",
            $"--config-file={directory.ConfigurationFile}",
            "--implicit_select=0",
            string.Create(CultureInfo.InvariantCulture, $"--max_threads={Math.Max(2, Environment.ProcessorCount)}"),
        ];
}
