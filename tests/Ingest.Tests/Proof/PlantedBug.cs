namespace Betting.Tests.Ingest.Proof;

/// <summary>
/// Bugs put between the true code and the true tables: views and functions of the same names that stand before them in the
/// search path. The code runs unchanged; what it relies on is taken away.
/// </summary>
static class PlantedBug
{
    const string Schema = "CREATE SCHEMA faulty; GRANT USAGE ON SCHEMA faulty TO ingest;";

    /// <summary>Two read the same balance, and the second writes over what the first wrote.</summary>
    public static string LostUpdate => Schema + Unlocked("wallets", "user_id", "user_id, balance", "balance = NEW.balance");

    /// <summary>
    /// Two bets on one wallet are each covered by what both read, and each takes its stake: no update is lost, and together
    /// they take more than there was.
    /// </summary>
    public static string WriteSkew =>
        "ALTER TABLE wallets DROP CONSTRAINT wallets_balance_check;"
        + Schema
        + Unlocked(
            "wallets",
            "user_id",
            "user_id, balance",
            "balance = balance + NEW.balance - current_setting('faulty.w' || NEW.user_id)::numeric",
            """
            IF coalesce(current_setting('faulty.w' || r.user_id, true), '') = '' THEN PERFORM set_config('faulty.w' || r.user_id,
            r.balance::text, true); END IF;
            """
        );

    /// <summary>A bet is placed on an event that is being finished.</summary>
    public static string EventNotHeld =>
        Schema
        + "CREATE FUNCTION faulty.hold_events(locks integer[], to_change boolean) RETURNS void LANGUAGE sql AS '';"
        + Unlocked(
            "events",
            "id",
            "id, name, category, start_time, status",
            "name = NEW.name, category = NEW.category, start_time = NEW.start_time, status = NEW.status"
        );

    /// <summary>A command that two replicas have is applied by both.</summary>
    public static string SplitJournal =>
        string.Concat(
            Enumerable
                .Range(0, 4)
                .Select(replica =>
                    $"""
                        CREATE SCHEMA replica{replica}; GRANT USAGE ON SCHEMA replica{replica} TO ingest;
                        CREATE TABLE replica{replica}.commands (LIKE public.commands INCLUDING ALL); GRANT ALL ON replica{replica}.commands TO ingest;
                        """
                )
        );

    /// <summary>A command is parked beside the transaction that brings what it waits for, and overtaken.</summary>
    public static string OpenGate =>
        Schema
        + Gate(
            """
            PERFORM pg_advisory_xact_lock(1);
            IF NOT releasing AND EXISTS (SELECT FROM public.releases) THEN RAISE serialization_failure; END IF;
            """
        );

    /// <summary>Others commit while what has come is being released, and overtake what still waits.</summary>
    public static string OvertakenRelease =>
        Schema + Gate("PERFORM public.pass_parking_gate(brought_for, brought_ids, awaited_for, awaited_ids, '{}', '{}', came, true);");

    // What is left to others is always written down.
    static string Gate(string look) =>
        $"""
            CREATE FUNCTION faulty.pass_parking_gate(brought_for text[], brought_ids bigint[], awaited_for text[], awaited_ids bigint[],
                opened_for text[], opened_ids bigint[], came timestamptz, releasing boolean) RETURNS void LANGUAGE plpgsql AS $f$ BEGIN
                {look}
                INSERT INTO public.releases (waits_for, waits_id, came_at) SELECT o.kind, o.id, came FROM unnest(opened_for,
                opened_ids) AS o (kind, id) ON CONFLICT DO NOTHING;
                END $f$;
            """;

    // Rows that come out of a function are no rows to lock.
    static string Unlocked(string table, string key, string columns, string change, string onRead = "") =>
        $"""
            CREATE FUNCTION faulty.read_{table}() RETURNS SETOF public.{table} LANGUAGE plpgsql AS $f$
                DECLARE r public.{table}; BEGIN FOR r IN SELECT * FROM public.{table} LOOP {onRead} RETURN NEXT r; END LOOP; END $f$;
            CREATE VIEW faulty.{table} AS SELECT * FROM faulty.read_{table}();
            CREATE FUNCTION faulty.write_{table}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
                IF TG_OP = 'INSERT' THEN INSERT INTO public.{table} ({columns}) VALUES ({string.Join(
                ", ",
                columns.Split(", ").Select(column => "NEW." + column)
            )});
                ELSE UPDATE public.{table} SET {change} WHERE {key} = NEW.{key}; END IF;
                RETURN NEW; END $f$;
            CREATE TRIGGER write_{table} INSTEAD OF INSERT OR UPDATE ON faulty.{table} FOR EACH ROW EXECUTE FUNCTION faulty.write_{table}();
            GRANT SELECT, INSERT, UPDATE ON faulty.{table} TO ingest;
            """;
}
