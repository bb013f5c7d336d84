using System.Diagnostics.CodeAnalysis;
using Betting.Ingest.Decide;
using Betting.Ingest.Messages;
using Betting.Ingest.Postgres;
using Npgsql;

namespace Betting.Ingest.Parking.Tables;

/// <summary>One row of <c>parked_commands</c>, which another version of Ingest, or another program, may have written.</summary>
static class ParkedRow
{
    /// <summary>What <see cref="TryRead"/> reads, of <c>parked_commands p</c>.</summary>
    public const string Columns =
        "p.command_id, p.command, p.waits_for, p.waits_id, p.parked_at, p.deadline, (SELECT c.payload_hash FROM commands c WHERE "
        + "c.command_id = p.command_id AND c.outcome = 'parked')";

    static readonly string[] Names =
    [
        "command_id",
        "command",
        "waits_for",
        "waits_id",
        "parked_at",
        "deadline",
        "the journal's row of a parked command",
    ];

    /// <param name="row">The row.</param>
    /// <param name="parked">The command that the journal has under this id, and what it waits for.</param>
    /// <param name="because">Why it is not that.</param>
    public static bool TryRead(
        NpgsqlDataReader row,
        [NotNullWhen(true)] out ParkedCommand? parked,
        [NotNullWhen(false)] out string? because
    )
    {
        (parked, because) = (null, null);
        if (Array.FindIndex(Names, name => row.IsDBNull(Array.IndexOf(Names, name))) is >= 0 and var missing)
        {
            because = $"{Names[missing]} is NULL";
        }
        else if (WaitForText.Read(row.GetString(2)) is not { } waitsFor)
        {
            because = $"it waits for '{row.GetString(2)}', which this version does not know";
        }
        else if (!CommandText.TryRead(row.GetString(1), out var command, out var refusal))
        {
            because = $"this version cannot decode it: {refusal}";
        }
        else if (command.Id != row.GetGuid(0) || !new HashedCommand(command).SameContentAs(row.GetFieldValue<byte[]>(6)))
        {
            because = "it is not the command that the journal has under this id";
        }
        else
        {
            parked = new ParkedCommand(command, new WaitKey(waitsFor, row.GetInt64(3)), row.GetDateTime(4), row.GetDateTime(5));
        }
        return parked is not null;
    }
}
