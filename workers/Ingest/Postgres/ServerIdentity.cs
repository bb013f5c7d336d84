namespace Betting.Ingest.Postgres;

/// <summary>
/// Which PostgreSQL answers. Another server, one that was started anew, another database of the same name and a table of places that was
/// made again have another identity: it may lack what was committed before.
/// </summary>
static class ServerIdentity
{
    /// <summary>An expression of type text. It does not depend on settings of the session, and is not null.</summary>
    public const string Sql = """
        concat(extract(epoch FROM pg_postmaster_start_time()), '/', (SELECT oid FROM pg_database WHERE datname = current_database()), '/',
            to_regclass('kafka_places')::oid)
        """;
}
