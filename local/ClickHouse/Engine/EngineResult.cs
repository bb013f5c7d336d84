using System.Buffers;
using System.Runtime.InteropServices;

namespace Betting.Local.ClickHouse.Engine;

/// <summary>
/// One result in the engine's own memory, written to the socket from there: a large answer never passes through the managed
/// heap. The bytes are gone once it is disposed.
/// </summary>
sealed unsafe class EngineResult : MemoryManager<byte>
{
    readonly ChdbLibrary _library;
    nint _result;

    EngineResult(ChdbLibrary library, nint result)
    {
        _library = library;
        _result = result;
        Length = checked((int)library.ResultLength(result));
        Statistics = new QueryStatistics(
            library.ReadRows(result),
            library.ReadBytes(result),
            library.WrittenRows(result),
            library.WrittenBytes(result),
            library.ResultRows(result),
            (ulong)Length
        );
    }

    public int Length { get; }

    public QueryStatistics Statistics { get; }

    /// <summary>Takes over a result handle; a result that is an error is freed and thrown.</summary>
    public static EngineResult Take(ChdbLibrary library, nint result)
    {
        var error = library.ResultError(result);
        if (error is null)
            return new EngineResult(library, result);

        var text = Marshal.PtrToStringUTF8((nint)error)!;
        library.DestroyResult(result);
        throw EngineException.FromEngine(text);
    }

    /// <summary>Frees the engine's memory.</summary>
    public void Close() => ((IDisposable)this).Dispose();

    public override Span<byte> GetSpan() => new(_library.ResultBuffer(_result), Length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_library.ResultBuffer(_result) + elementIndex);

    public override void Unpin() { }

    protected override void Dispose(bool disposing)
    {
        if (_result == 0)
            return;
        _library.DestroyResult(_result);
        _result = 0;
    }
}
