namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>The only part of a table, whose data file is cut in half: ClickHouse answers 33 to who reads it.</summary>
sealed class DamagedPart
{
    readonly string _file;
    readonly byte[] _whole;

    DamagedPart(string file)
    {
        _file = file;
        _whole = File.ReadAllBytes(file);
        File.WriteAllBytes(file, _whole[..(_whole.Length / 2)]);
    }

    /// <param name="sink">Whose database has the table.</param>
    /// <param name="table">A table with rows.</param>
    public static async Task<DamagedPart> OfAsync(SinkUnderTest sink, string table)
    {
        await sink.QueryAsync($"OPTIMIZE TABLE {table} FINAL");
        var path = await sink.QueryAsync(
            $"SELECT path FROM system.parts WHERE database = currentDatabase() AND table = '{table}' AND active"
        );
        var part = new DamagedPart(Path.Combine(path.Single(), "data.bin"));
        await ForgetAsync(sink);
        return part;
    }

    public async Task MendAsync(SinkUnderTest sink)
    {
        await File.WriteAllBytesAsync(_file, _whole);
        await ForgetAsync(sink);
    }

    // Marks of a part are remembered.
    static async Task ForgetAsync(SinkUnderTest sink) => await sink.QueryAsync("SYSTEM DROP MARK CACHE");
}
