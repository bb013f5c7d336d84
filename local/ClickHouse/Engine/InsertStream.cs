using System.Runtime.InteropServices;

namespace Betting.Local.ClickHouse.Engine;

/// <summary>
/// The rows of one INSERT on their way in. The engine takes up to 16 chunks ahead of what it has parsed; then
/// <see cref="Append"/> blocks. Disposing it unfinished drops the rows that are not yet in a block of their own.
/// </summary>
sealed unsafe class InsertStream : IDisposable
{
    readonly ChdbLibrary _library;
    readonly nint _stream;

    InsertStream(ChdbLibrary library, nint stream)
    {
        _library = library;
        _stream = stream;
    }

    /// <summary>Takes over a stream handle; one that is an error is freed and thrown.</summary>
    public static InsertStream Take(ChdbLibrary library, nint stream)
    {
        var error = library.InsertError(stream);
        if (error is null)
            return new InsertStream(library, stream);

        var text = Marshal.PtrToStringUTF8((nint)error)!;
        library.DestroyInsert(stream);
        throw EngineException.FromEngine(text);
    }

    /// <summary>False when the engine takes no more, since it failed: <see cref="Finish"/> then tells why.</summary>
    public bool Append(ReadOnlySpan<byte> data)
    {
        fixed (byte* start = data)
            return _library.AppendInsert(_stream, start, (nuint)data.Length) == 0;
    }

    /// <summary>Ends the data and waits until the rows are committed.</summary>
    /// <exception cref="EngineException">The data could not be parsed or stored.</exception>
    public QueryStatistics Finish()
    {
        var result = EngineResult.Take(_library, _library.FinishInsert(_stream));
        var statistics = result.Statistics;
        result.Close();
        return statistics;
    }

    /// <summary>Cancels first when it was not finished.</summary>
    public void Dispose() => _library.DestroyInsert(_stream);
}
