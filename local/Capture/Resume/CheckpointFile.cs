using System.Text.Json;

namespace Betting.Local.Capture.Resume;

/// <summary><c>checkpoint.json</c> in the data folder. Written before PostgreSQL is told, so it is never behind the slot.</summary>
public sealed class CheckpointFile
{
    readonly string _path;
    readonly string _draft;

    public CheckpointFile(string folder)
    {
        Directory.CreateDirectory(folder);
        _path = Path.Combine(folder, "checkpoint.json");
        _draft = _path + ".draft";
    }

    /// <returns>Null where there is none, or one that cannot be read: then a new snapshot makes up for it.</returns>
    public Checkpoint? Read()
    {
        if (!File.Exists(_path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<Checkpoint>(File.ReadAllBytes(_path));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Replaces the file in one step; it is on disk when this returns.</summary>
    public void Write(Checkpoint checkpoint)
    {
        using (var file = new FileStream(_draft, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, checkpoint);
            file.Flush(flushToDisk: true);
        }
        File.Move(_draft, _path, overwrite: true);
    }

    public void Delete() => File.Delete(_path);
}
