using System.Runtime.InteropServices;

namespace Betting.Local.ClickHouse.Engine;

/// <summary>
/// The result of a SELECT, one block at a time. The query stands still between two fetches: whoever reads slowly slows it down.
/// </summary>
sealed class ResultStream : IDisposable
{
    readonly ChdbLibrary _library;
    readonly nint _connection;
    readonly nint _stream;
    bool _ended;

    ResultStream(ChdbLibrary library, nint connection, nint stream)
    {
        _library = library;
        _connection = connection;
        _stream = stream;
    }

    /// <summary>Takes over a stream handle; one that is an error is freed and thrown.</summary>
    public static unsafe ResultStream Take(ChdbLibrary library, nint connection, nint stream)
    {
        var error = library.ResultError(stream);
        if (error is null)
            return new ResultStream(library, connection, stream);

        var text = Marshal.PtrToStringUTF8((nint)error)!;
        library.DestroyResult(stream);
        throw EngineException.FromEngine(text);
    }

    /// <summary>The next block, complete with whatever header the format writes, or null at the end.</summary>
    /// <exception cref="EngineException">The query failed on the way.</exception>
    public unsafe EngineResult? Fetch()
    {
        if (_ended)
            return null;
        try
        {
            var result = EngineResult.Take(_library, _library.FetchResult(_connection, _stream));
            if (result.Length > 0)
                return result;
            result.Close();
            _ended = true;
            return null;
        }
        catch (EngineException)
        {
            _ended = true;
            throw;
        }
    }

    public unsafe void Dispose()
    {
        if (!_ended)
            _library.CancelResults(_connection, _stream);
        _library.DestroyResult(_stream);
    }
}
