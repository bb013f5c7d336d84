using System.Collections.Concurrent;
using System.Globalization;
using Betting.Connections;
using Betting.Contracts.Commands;
using Betting.Hosting;
using Betting.Ingest.Messages;
using Betting.Ingest.Postgres;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Attempts;

/// <summary>
/// Logs what becomes of the commands that <see cref="LogOptions.Follow"/> names by their own id or by the id of their bet.
/// </summary>
public sealed class FollowedCommands(FollowedIds ids, ILogger<FollowedCommands> log)
{
    // Parked commands get their outcome in any transaction of any replica, so the journal is asked for them. After a start it is
    // asked for every command that the setting names, which tells of what happened before.
    readonly ConcurrentDictionary<Guid, bool> _asked = new(ids.Commands.Select(id => KeyValuePair.Create(id, true)));

    /// <summary>A message was decoded.</summary>
    public void Arrived(string door, Delivery delivery, BetCommand command)
    {
        if (Covers(command))
        {
            IngestLog.FollowedArrived(
                log,
                command.Id,
                CommandContract.TextOf(command.Kind),
                OfBet(CommandContent.Of(command).BetId),
                door,
                delivery.Coordinates
            );
        }
    }

    /// <summary>Its transaction is committed.</summary>
    public void Decided(BetCommand command, Reply answer)
    {
        if (!Covers(command))
        {
            return;
        }
        IngestLog.FollowedDecided(
            log,
            command.Id,
            CommandContract.TextOf(command.Kind),
            OfBet(CommandContent.Of(command).BetId),
            TextOf(answer)
        );
        if (answer.Waits is null)
        {
            _asked.TryRemove(command.Id, out _);
        }
        else
        {
            _asked[command.Id] = true;
        }
    }

    /// <summary>A message is among the dead letters.</summary>
    public void PutAside(string door, DeadLetter letter)
    {
        if (letter.CommandId is { } id && ids.Commands.Contains(id))
        {
            IngestLog.FollowedDeadLetter(log, id, door, letter.Delivery.Coordinates);
        }
    }

    /// <summary>Reads the outcomes of followed commands that are parked or that this replica has not seen, and logs each once.</summary>
    public async Task AskJournalAsync(PostgresSource postgres, CancellationToken cancellation)
    {
        if (_asked.IsEmpty)
        {
            return;
        }
        await using var command = await postgres.CreateCommandAsync(
            """
            SELECT command_id, kind, bet_id, outcome, reason, applied_at FROM commands WHERE command_id = ANY($1) AND outcome <> 'parked'
            UNION ALL
            SELECT command_id, kind, bet_id, outcome, reason, applied_at FROM commands_archive WHERE command_id = ANY($1)
            """,
            cancellation
        );
        command.Parameters.Add(ArrayParameter.Uuids(_asked.Keys));
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            var (id, reason) = (rows.GetGuid(0), await rows.IsDBNullAsync(4, cancellation) ? null : rows.GetString(4));
            if (_asked.TryRemove(id, out _))
            {
                long? bet = await rows.IsDBNullAsync(2, cancellation) ? null : rows.GetInt64(2);
                IngestLog.FollowedInJournal(log, id, rows.GetString(1), OfBet(bet), TextOf(rows.GetString(3), reason), rows.GetDateTime(5));
            }
        }
    }

    bool Covers(BetCommand command) =>
        !ids.IsEmpty && (ids.Commands.Contains(command.Id) || CommandContent.Of(command).BetId is { } bet && ids.Bets.Contains(bet));

    static string OfBet(long? bet) => bet is null ? "" : string.Create(CultureInfo.InvariantCulture, $", bet {bet}");

    static string TextOf(Reply answer) =>
        answer.Waits is { } waits
            ? string.Create(CultureInfo.InvariantCulture, $"parked until {waits.Until:u} for {waits.For} {waits.Id}")
            : TextOf(answer.Outcome, answer.Reason);

    static string TextOf(string outcome, string? reason) => reason is null ? outcome : $"{outcome} ({reason})";
}
