using static Betting.CdcSink.Write.FailureClass;

namespace Betting.CdcSink.Write;

/// <summary>What a failure of ClickHouse asks the sink to do.</summary>
enum FailureClass
{
    /// <summary>It passes by itself: pause, then the same batch again, however long it takes.</summary>
    Away,

    /// <summary>Perhaps too much at once: again a few times, then the halves of the batch. A single record waits as for <see cref="Away"/>.</summary>
    TooMuch,

    /// <summary>The data: the halves of the batch, until the record is alone, which then goes to the dead letters.</summary>
    Data,

    /// <summary>Only an operator can mend it: the worker ends with one clear line, nothing is recorded.</summary>
    Operator,
}

/// <summary>ClickHouse's error codes, with their names in its ErrorCodes.cpp. What is not here is the operator's: nothing is guessed to be the data.</summary>
static class FailureTable
{
    public static FailureClass Of(int code) => Codes.TryGetValue(code, out var known) ? known.Class : Operator;

    public static string NameOf(int code) => Codes.TryGetValue(code, out var known) ? known.Name : "not in the table";

    public static readonly IReadOnlyDictionary<int, (string Name, FailureClass Class)> Codes = new Dictionary<int, (string, FailureClass)>
    {
        [74] = ("CANNOT_READ_FROM_FILE_DESCRIPTOR", Away),
        [75] = ("CANNOT_WRITE_TO_FILE_DESCRIPTOR", Away),
        [76] = ("CANNOT_OPEN_FILE", Away),
        [95] = ("CANNOT_READ_FROM_SOCKET", Away),
        [96] = ("CANNOT_WRITE_TO_SOCKET", Away),
        [159] = ("TIMEOUT_EXCEEDED", TooMuch),
        [160] = ("TOO_SLOW", TooMuch),
        [164] = ("READONLY", Away),
        [173] = ("CANNOT_ALLOCATE_MEMORY", Away),
        [198] = ("DNS_ERROR", Away),
        [201] = ("QUOTA_EXCEEDED", Away),
        [202] = ("TOO_MANY_SIMULTANEOUS_QUERIES", Away),
        [203] = ("NO_FREE_CONNECTION", Away),
        [209] = ("SOCKET_TIMEOUT", Away),
        [210] = ("NETWORK_ERROR", Away),
        [225] = ("NO_ZOOKEEPER", Away),
        [236] = ("ABORTED", Away),
        [241] = ("MEMORY_LIMIT_EXCEEDED", TooMuch),
        [242] = ("TABLE_IS_READ_ONLY", Away),
        [243] = ("NOT_ENOUGH_SPACE", Away),
        [252] = ("TOO_MANY_PARTS", Away),
        [279] = ("ALL_CONNECTION_TRIES_FAILED", Away),
        [285] = ("TOO_FEW_LIVE_REPLICAS", Away),
        [286] = ("UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE", Away),
        [289] = ("REPLICA_IS_NOT_IN_QUORUM", Away),
        [319] = ("UNKNOWN_STATUS_OF_INSERT", Away),
        [394] = ("QUERY_WAS_CANCELLED", Away),
        [425] = ("SYSTEM_ERROR", Away),
        [439] = ("CANNOT_SCHEDULE_TASK", Away),
        [499] = ("S3_ERROR", Away),
        [774] = ("TABLE_IS_PERMANENTLY_READ_ONLY", Away),
        [999] = ("KEEPER_EXCEPTION", Away),
        [1000] = ("POCO_EXCEPTION", Away),
        [1001] = ("STD_EXCEPTION", Away),

        [158] = ("TOO_MANY_ROWS", TooMuch),
        [307] = ("TOO_MANY_BYTES", TooMuch),
        [396] = ("TOO_MANY_ROWS_OR_BYTES", TooMuch),

        [6] = ("CANNOT_PARSE_TEXT", Data),
        [19] = ("SIZE_OF_FIXED_STRING_DOESNT_MATCH", Data),
        [26] = ("CANNOT_PARSE_QUOTED_STRING", Data),
        [27] = ("CANNOT_PARSE_INPUT_ASSERTION_FAILED", Data),
        [32] = ("ATTEMPT_TO_READ_AFTER_EOF", Data),
        [33] = ("CANNOT_READ_ALL_DATA", Data),
        [38] = ("CANNOT_PARSE_DATE", Data),
        [41] = ("CANNOT_PARSE_DATETIME", Data),
        [69] = ("ARGUMENT_OUT_OF_BOUND", Data),
        [70] = ("CANNOT_CONVERT_TYPE", Data),
        [72] = ("CANNOT_PARSE_NUMBER", Data),
        [117] = ("INCORRECT_DATA", Data),
        [128] = ("TOO_LARGE_ARRAY_SIZE", Data),
        [131] = ("TOO_LARGE_STRING_SIZE", Data),
        [190] = ("SIZES_OF_ARRAYS_DONT_MATCH", Data),
        [321] = ("VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE", Data),
        [349] = ("CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN", Data),
        [407] = ("DECIMAL_OVERFLOW", Data),
        [469] = ("VIOLATED_CONSTRAINT", Data),

        [16] = ("NO_SUCH_COLUMN_IN_TABLE", Operator),
        [36] = ("BAD_ARGUMENTS", Operator),
        [46] = ("UNKNOWN_FUNCTION", Operator),
        [47] = ("UNKNOWN_IDENTIFIER", Operator),
        [60] = ("UNKNOWN_TABLE", Operator),
        [62] = ("SYNTAX_ERROR", Operator),
        [81] = ("UNKNOWN_DATABASE", Operator),
        [115] = ("UNKNOWN_SETTING", Operator),
        [192] = ("UNKNOWN_USER", Operator),
        [193] = ("WRONG_PASSWORD", Operator),
        [194] = ("REQUIRED_PASSWORD", Operator),
        [452] = ("SETTING_CONSTRAINT_VIOLATION", Operator),
        [497] = ("ACCESS_DENIED", Operator),
        [516] = ("AUTHENTICATION_FAILED", Operator),
    };
}
