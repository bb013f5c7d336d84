using System.Text;

namespace Betting.Local.ClickHouse.Engine;

/// <summary>
/// A connection to the engine: one statement at a time, with its own settings, current database and temporary tables.
/// Opening one takes about a third of a millisecond. Its calls block the thread until the engine is done.
/// </summary>
sealed unsafe class EngineConnection : IDisposable
{
    static readonly IReadOnlyCollection<KeyValuePair<string, string>> NoParameters = [];

    readonly ChdbLibrary _library;
    readonly nint* _connection;
    bool _closed;

    public EngineConnection(ChdbLibrary library, nint* connection)
    {
        _library = library;
        _connection = connection;
    }

    /// <summary>Runs any statement and keeps its whole result in the engine's memory.</summary>
    /// <exception cref="EngineException">The statement failed.</exception>
    public EngineResult Query(ReadOnlySpan<byte> statement, string format, IReadOnlyCollection<KeyValuePair<string, string>> parameters)
    {
        using var call = new NativeArguments(statement, format, parameters);
        return EngineResult.Take(
            _library,
            _library.Query(
                *_connection,
                call.Statement,
                call.StatementLength,
                call.Format,
                call.FormatLength,
                call.Names,
                call.NameLengths,
                call.Values,
                call.ValueLengths,
                call.Count
            )
        );
    }

    /// <summary>Runs a statement for its effect.</summary>
    /// <exception cref="EngineException">The statement failed.</exception>
    public void Execute(string statement) => Query(Encoding.UTF8.GetBytes(statement), "Null", NoParameters).Close();

    /// <summary>The first column of the first row as text.</summary>
    /// <exception cref="EngineException">The statement failed.</exception>
    public string Scalar(string statement)
    {
        var result = Query(Encoding.UTF8.GetBytes(statement), "TSVRaw", NoParameters);
        var text = Encoding.UTF8.GetString(result.GetSpan()).TrimEnd('\n');
        result.Close();
        return text;
    }

    /// <summary>Starts a SELECT whose result is fetched block by block.</summary>
    /// <exception cref="EngineException">The statement failed, or is no SELECT.</exception>
    public ResultStream OpenResults(
        ReadOnlySpan<byte> statement,
        string format,
        IReadOnlyCollection<KeyValuePair<string, string>> parameters
    )
    {
        using var call = new NativeArguments(statement, format, parameters);
        var stream = _library.OpenResults(
            *_connection,
            call.Statement,
            call.StatementLength,
            call.Format,
            call.FormatLength,
            call.Names,
            call.NameLengths,
            call.Values,
            call.ValueLengths,
            call.Count
        );
        return ResultStream.Take(_library, *_connection, stream);
    }

    /// <summary>Starts an INSERT, given up to but without its FORMAT clause, whose rows are appended as bytes of that format.</summary>
    /// <exception cref="EngineException">The statement failed, or is no INSERT of data.</exception>
    public InsertStream OpenInsert(
        ReadOnlySpan<byte> statement,
        string format,
        IReadOnlyCollection<KeyValuePair<string, string>> parameters
    )
    {
        using var call = new NativeArguments(statement, format, parameters);
        return InsertStream.Take(
            _library,
            _library.OpenInsert(
                *_connection,
                call.Statement,
                call.StatementLength,
                call.Format,
                call.FormatLength,
                call.Names,
                call.NameLengths,
                call.Values,
                call.ValueLengths,
                call.Count
            )
        );
    }

    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        _library.CloseConnection(_connection);
    }
}
