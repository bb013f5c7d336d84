using Betting.Ingest.Decide;
using Betting.Ingest.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Betting.Ingest.Parking.Tables;

/// <summary>
/// The last statement of every transaction. One that brings a user, event or bet into being, or parks commands that wait for one,
/// commits with both sides knowing of each other; none commits while something is being released, but the release itself.
/// Else it fails with 40001 and is to be tried again.
/// </summary>
/// <remarks>The database's function <c>pass_parking_gate</c> says how.</remarks>
static class ParkingGate
{
    /// <summary>
    /// Passes the gate, in one round trip with the commit: the gate stands in everybody's way, so it is never held across the network
    /// by a replica that may stop there. A wait for it ends after 10 s, with 55P03.
    /// </summary>
    /// <param name="brought">What is there from now on, with nobody left who waits for it.</param>
    /// <param name="awaited">What commands are parked for.</param>
    /// <param name="opened">What is there from now on, whose waiters are released by the transactions that follow.</param>
    /// <param name="cameAt">Since when that is there, UTC; null where nobody knows.</param>
    /// <param name="releasing">This transaction is part of a release.</param>
    public static IReadOnlyList<NpgsqlBatchCommand> Pass(
        IReadOnlyCollection<WaitKey> brought,
        IReadOnlyCollection<WaitKey> awaited,
        IReadOnlyCollection<WaitKey> opened,
        DateTime? cameAt,
        bool releasing
    ) =>
        [
            new("SELECT pass_parking_gate($1, $2, $3, $4, $5, $6, $7, $8)")
            {
                Parameters =
                {
                    Kinds(brought),
                    Ids(brought),
                    Kinds(awaited),
                    Ids(awaited),
                    Kinds(opened),
                    Ids(opened),
                    new NpgsqlParameter { Value = (object?)cameAt ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                    new NpgsqlParameter<bool> { TypedValue = releasing },
                },
            },
        ];

    static NpgsqlParameter Kinds(IReadOnlyCollection<WaitKey> keys) => ArrayParameter.Texts(keys.Select(key => WaitForText.Of(key.For)));

    static NpgsqlParameter Ids(IReadOnlyCollection<WaitKey> keys) => ArrayParameter.Ids(keys.Select(key => key.Id));
}
