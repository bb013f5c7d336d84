using System.Runtime.InteropServices;

namespace Betting.Local.ClickHouse.Engine;

/// <summary>
/// The functions of libchdb (<c>chdb.h</c>, version 26.7) that this host calls. A connection is a pointer to a pointer; the
/// functions that take a connection take the inner one. A result, a stream of results and a stream of rows are opaque.
/// </summary>
sealed unsafe class ChdbLibrary
{
    public readonly delegate* unmanaged<int, byte**, nint*> Connect;
    public readonly delegate* unmanaged<nint*, void> CloseConnection;
    public readonly delegate* unmanaged<int> Shutdown;

    public readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte**, nuint*, byte**, nuint*, nuint, nint> Query;
    public readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte**, nuint*, byte**, nuint*, nuint, nint> OpenResults;
    public readonly delegate* unmanaged<nint, nint, nint> FetchResult;
    public readonly delegate* unmanaged<nint, nint, void> CancelResults;

    public readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte**, nuint*, byte**, nuint*, nuint, nint> OpenInsert;
    public readonly delegate* unmanaged<nint, byte*, nuint, int> AppendInsert;
    public readonly delegate* unmanaged<nint, nint> FinishInsert;
    public readonly delegate* unmanaged<nint, byte*> InsertError;
    public readonly delegate* unmanaged<nint, void> DestroyInsert;

    public readonly delegate* unmanaged<nint, byte*> ResultBuffer;
    public readonly delegate* unmanaged<nint, nuint> ResultLength;
    public readonly delegate* unmanaged<nint, byte*> ResultError;
    public readonly delegate* unmanaged<nint, ulong> ResultRows;
    public readonly delegate* unmanaged<nint, ulong> ReadRows;
    public readonly delegate* unmanaged<nint, ulong> ReadBytes;
    public readonly delegate* unmanaged<nint, ulong> WrittenRows;
    public readonly delegate* unmanaged<nint, ulong> WrittenBytes;
    public readonly delegate* unmanaged<nint, void> DestroyResult;

    /// <summary>Loads the library. It is never unloaded: the engine's threads live as long as the process.</summary>
    /// <exception cref="DllNotFoundException">The file is missing or no library for this machine.</exception>
    /// <exception cref="EntryPointNotFoundException">The library is older than 26.7.</exception>
    public ChdbLibrary(string file)
    {
        var library = NativeLibrary.Load(file);
        void* Function(string name) => (void*)NativeLibrary.GetExport(library, name);

        // The engine would take SIGSEGV, with which the runtime makes a NullReferenceException of a null pointer:
        // any such exception would then end the process. It must be told before the first connection.
        ((delegate* unmanaged<int, void>)Function("chdb_set_signal_handlers_enabled"))(0);

        Connect = (delegate* unmanaged<int, byte**, nint*>)Function("chdb_connect");
        CloseConnection = (delegate* unmanaged<nint*, void>)Function("chdb_close_conn");
        Shutdown = (delegate* unmanaged<int>)Function("chdb_shutdown");
        Query = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte**, nuint*, byte**, nuint*, nuint, nint>)Function(
            "chdb_query_with_params_n"
        );
        OpenResults = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte**, nuint*, byte**, nuint*, nuint, nint>)Function(
            "chdb_stream_query_with_params_n"
        );
        FetchResult = (delegate* unmanaged<nint, nint, nint>)Function("chdb_stream_fetch_result");
        CancelResults = (delegate* unmanaged<nint, nint, void>)Function("chdb_stream_cancel_query");
        OpenInsert = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte**, nuint*, byte**, nuint*, nuint, nint>)Function(
            "chdb_stream_insert_with_params_n"
        );
        AppendInsert = (delegate* unmanaged<nint, byte*, nuint, int>)Function("chdb_stream_append");
        FinishInsert = (delegate* unmanaged<nint, nint>)Function("chdb_stream_done");
        InsertError = (delegate* unmanaged<nint, byte*>)Function("chdb_stream_insert_error");
        DestroyInsert = (delegate* unmanaged<nint, void>)Function("chdb_destroy_insert_stream");
        ResultBuffer = (delegate* unmanaged<nint, byte*>)Function("chdb_result_buffer");
        ResultLength = (delegate* unmanaged<nint, nuint>)Function("chdb_result_length");
        ResultError = (delegate* unmanaged<nint, byte*>)Function("chdb_result_error");
        ResultRows = (delegate* unmanaged<nint, ulong>)Function("chdb_result_rows_read");
        ReadRows = (delegate* unmanaged<nint, ulong>)Function("chdb_result_storage_rows_read");
        ReadBytes = (delegate* unmanaged<nint, ulong>)Function("chdb_result_storage_bytes_read");
        WrittenRows = (delegate* unmanaged<nint, ulong>)Function("chdb_result_rows_written");
        WrittenBytes = (delegate* unmanaged<nint, ulong>)Function("chdb_result_bytes_written");
        DestroyResult = (delegate* unmanaged<nint, void>)Function("chdb_destroy_query_result");
    }
}
