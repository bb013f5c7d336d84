using Betting.Ingest.Decide;
using Npgsql;

namespace Betting.Ingest.Store;

/// <summary>
/// The end of a transaction that brings a user, event or bet into being, or parks commands that wait for one: it either
/// commits with both sides knowing of each other, or fails with 40001 and is to be tried again.
/// </summary>
/// <remarks>The database's function <c>pass_parking_gate</c> says how.</remarks>
static class ParkingGate
{
    /// <summary>
    /// The gate and the commit in one round trip: the gate stands in everybody's way, so it is never held across the network
    /// by a replica that may stop there.
    /// </summary>
    public static IReadOnlyList<NpgsqlBatchCommand> PassAndCommit(IReadOnlyCollection<WaitKey> brought, IReadOnlyCollection<WaitKey> awaited) =>
    [
        new("SELECT pass_parking_gate($1, $2, $3, $4)")
        {
            Parameters =
            {
                ArrayParameter.Texts(brought.Select(key => ParkedCommands.TextOf(key.For))),
                ArrayParameter.Ids(brought.Select(key => key.Id)),
                ArrayParameter.Texts(awaited.Select(key => ParkedCommands.TextOf(key.For))),
                ArrayParameter.Ids(awaited.Select(key => key.Id)),
            },
        },
        new("COMMIT"),
    ];
}
