using static Betting.Ingest.Failures.FailureClass;

namespace Betting.Ingest.Failures;

/// <summary>
/// What each SQLSTATE means: five characters for one code, two for the rest of its class (PostgreSQL documentation, appendix A).
/// A state that is in neither form here is <see cref="Unknown"/>. docs/failures.md shows this table and a test compares the two.
/// </summary>
public static class SqlStates
{
    public static readonly IReadOnlyDictionary<string, (FailureClass Class, string Meaning)> Classes = new Dictionary<
        string,
        (FailureClass, string)
    >
    {
        ["08"] = (Unavailable, "the connection is broken or cannot be made"),
        ["0A"] = (Unavailable, "a prepared plan is older than a migration; prepared again by the next attempt"),
        ["21"] = (Data, "cardinality violation"),
        ["22"] = (Data, "data exception"),
        ["2200H"] = (Configuration, "a sequence has given its last number"),
        ["23"] = (Data, "a constraint refuses the row"),
        ["23505"] = (IdTaken, "unique violation; after 20 attempts it is Data"),
        ["25006"] = (Unavailable, "the server is read-only: a standby, or a primary that was demoted"),
        ["25P03"] = (Contention, "the session was ended by idle_in_transaction_session_timeout"),
        ["25P04"] = (TooMuch, "transaction_timeout"),
        ["26"] = (Configuration, "a prepared statement is gone: a pooler between that does not keep them"),
        ["27"] = (Data, "a trigger changed the row that is being changed"),
        ["28"] = (Configuration, "wrong password, role or pg_hba.conf"),
        ["3D"] = (Configuration, "the database does not exist"),
        ["3F"] = (Configuration, "the schema does not exist"),
        ["40"] = (Contention, "serialization failure, deadlock"),
        ["40002"] = (Data, "a constraint refuses the transaction"),
        ["40003"] = (Unavailable, "the outcome of the statement is not known; the journal knows it"),
        ["42"] = (Configuration, "a missing table, column, function or right: not migrated, or migrated further than this version"),
        ["44"] = (Data, "WITH CHECK OPTION violation"),
        ["53"] = (Unavailable, "disk full, too many connections"),
        ["53200"] = (TooMuch, "out of memory or of locks"),
        ["53400"] = (TooMuch, "a configured limit such as temp_file_limit"),
        ["54"] = (Data, "a program limit, such as the size of an index row; the end of the transaction ids is Unavailable"),
        ["55"] = (Configuration, "the object is not in the required state, such as a published table without a replica identity"),
        ["55006"] = (Unavailable, "the object is in use"),
        ["55P03"] = (Contention, "lock_timeout"),
        ["57"] = (Unavailable, "the server is stopping, starting or recovering"),
        ["57014"] = (TooMuch, "statement_timeout, or cancelled by an operator"),
        ["58"] = (Unavailable, "an I/O error"),
        ["F0"] = (Configuration, "a fault in the server's configuration file"),
        ["P0"] = (Data, "raised by a trigger"),
    };

    /// <summary>
    /// True where the server's transaction ids or MultiXact ids have come to their end: <c>54000</c>, as for an index row that is too
    /// large. The source file in the answer tells them apart, in every language of the server's messages.
    /// </summary>
    public static bool IsOutOfTransactionIds(string state, string? file) => state == "54000" && file is ("varsup.c" or "multixact.c");

    public static FailureClass ClassOf(string state) =>
        Classes.TryGetValue(state, out var exact) ? exact.Class
        : state.Length == 5 && Classes.TryGetValue(state[..2], out var rest) ? rest.Class
        : Unknown;
}
