namespace Betting.Local.ClickHouse.Http;

/// <summary>
/// An answer broke off after its first piece. Thrown out of the request so that the web server closes the connection without the
/// mark of a complete answer: a client that overlooks the error in the body must not take the rows before it for all.
/// </summary>
sealed class TornAnswerException(Exception inner) : Exception("The query failed after a part of its result was sent", inner);
