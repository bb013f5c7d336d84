using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Ingest.Persist;
using Npgsql;

namespace Betting.Ingest.Attempts;

/// <summary>
/// Whether a refusal tells of the data of a command, or of the state of PostgreSQL. Both may have the same SQLSTATE, so PostgreSQL is
/// asked for another transaction, and refusals in a row are counted.
/// </summary>
sealed class RefusalVerdicts(string door, ProbeTransaction probe, PostgresAvailability availability, IngestMetrics metrics)
{
    readonly RefusedInARow _inARow = new();

    /// <summary>True where PostgreSQL refused it. What Npgsql cannot write is known to be the data's fault.</summary>
    public static bool IsPostgres(Exception refusal) => refusal is PostgresException;

    /// <summary>A command that was alone was refused.</summary>
    public void Refused(BetCommand command, Exception refusal)
    {
        if (IsPostgres(refusal))
        {
            _inARow.Refused(command);
        }
    }

    /// <summary>A command has its outcome.</summary>
    public void Decided(BetCommand command, Outcome outcome) => _inARow.Decided(command, outcome.Kind == OutcomeKind.Accepted);

    /// <summary>True where so many were refused one after another that no data can be the cause; readiness and the log say so.</summary>
    /// <param name="refusal">One of the refusals.</param>
    public bool IsTooMany(Exception refusal)
    {
        if (_inARow.IsTooMany)
        {
            availability.RefusesEverything(door, _inARow.Longest, refusal);
        }
        return _inARow.IsTooMany;
    }

    /// <summary>Returns true where PostgreSQL takes a transaction at this moment; readiness says why it does not.</summary>
    /// <param name="abandoned">Ends the question with the batch.</param>
    public async Task<bool> CanBeAsync(CancellationToken abandoned)
    {
        try
        {
            using var watched = availability.Attempt(door, abandoned);
            await probe.RunAsync(abandoned);
            return true;
        }
        catch (Exception failure)
        {
            abandoned.ThrowIfCancellationRequested();
            metrics.Retry(door, failure);
            availability.MarkUnavailable(door, failure);
            return false;
        }
    }
}
