using System.Globalization;
using Betting.Hosting;

namespace Betting.Local.Cluster;

/// <summary>
/// The folder of one cluster: a lock so that it runs once, and two small counters that outlive it.
/// </summary>
/// <remarks>
/// The local broker keeps records in memory only. After an orderly stop nothing was left in it and capture goes on where
/// it was. After any other end, what the workers had not read is lost: capture then takes a new snapshot in a new epoch,
/// whose reads outrank everything of the old one.
/// </remarks>
public sealed class DataFolder : IDisposable
{
    // RabbitMQ gives its path to a shell, and does not start where that reads it as something else.
    const string Unusable = "'\"`$\\";

    readonly FileStream _lock;

    /// <exception cref="ArgumentsException">There is no such folder, and none can be made, or RabbitMQ cannot use it.</exception>
    /// <exception cref="IOException">Another cluster runs on this folder.</exception>
    public DataFolder(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
        if (Path.AsSpan().IndexOfAny(Unusable) is var at and >= 0)
        {
            throw new ArgumentsException(
                $"--data takes a path without the character {Path[at]}, which RabbitMQ cannot use (it is '{path}')"
            );
        }
        try
        {
            Directory.CreateDirectory(Path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentsException($"--data takes a folder that is there or can be made (it is '{path}')");
        }
        try
        {
            _lock = new FileStream(In("lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new IOException($"another cluster runs on {Path}; stop it or choose another folder with --data");
        }
        IsNew = !Directory.Exists(In("postgres"));
        Run = Read("run", 0) + 1;
        Write("run", Run);
    }

    public string Path { get; }

    /// <summary>No cluster has run here before.</summary>
    public bool IsNew { get; }

    /// <summary>Counts the starts from 1, so that each can publish ids of its own.</summary>
    public int Run { get; }

    public string In(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The epoch of this start, and whether capture has to begin anew in it.</summary>
    /// <param name="brokerForgets">The broker is the local one, which keeps nothing.</param>
    public (int Epoch, bool BeginsAnew) Epoch(bool brokerForgets)
    {
        var epoch = Read("epoch", 1);
        var stoppedInOrder = File.Exists(In("stopped-in-order"));
        File.Delete(In("stopped-in-order"));
        var anew = !IsNew && brokerForgets && !stoppedInOrder;
        if (anew)
        {
            epoch++;
        }
        if (epoch > 63)
        {
            throw new IOException($"{Path} has used up its 63 epochs; remove it");
        }
        Write("epoch", epoch);
        return (epoch, anew);
    }

    /// <summary>Everything published has been applied everywhere: the next start may go on from here.</summary>
    public void MarkStoppedInOrder() => File.WriteAllText(In("stopped-in-order"), "");

    public void Dispose() => _lock.Dispose();

    int Read(string name, int otherwise) =>
        File.Exists(In(name)) ? int.Parse(File.ReadAllText(In(name)), CultureInfo.InvariantCulture) : otherwise;

    // Whole or not at all, also where this process is killed.
    void Write(string name, int value)
    {
        File.WriteAllText(In(name + ".new"), value.ToString(CultureInfo.InvariantCulture));
        File.Move(In(name + ".new"), In(name), overwrite: true);
    }
}
