using System.Globalization;
using System.Text;
using Betting.Contracts.Commands;

namespace Betting.Tests.Ingest.Proof;

/// <summary>
/// What several publishers say, each in its order, and how it is handed to several replicas. Ids count from 1; a run moves
/// them to where no other run is.
/// </summary>
/// <param name="Streams">One a publisher. A command's id is its place, unless it repeats the one of another place.</param>
/// <param name="Replicas">How many apply batches at the same time.</param>
/// <param name="MaxBatch">Commands that a batch takes from one publisher at most.</param>
/// <param name="ReleaseSize">Parked commands that one transaction releases at most.</param>
/// <param name="Expires">Whether what waits is soon too late.</param>
/// <param name="Seed">Of the choices while it runs: who applies what, what comes again.</param>
sealed record History(Said[][] Streams, int Replicas, int MaxBatch, int ReleaseSize, bool Expires, int Seed)
{
    /// <summary>Ids that one history may use; the next run begins that much higher.</summary>
    public const int Ids = 100;

    /// <summary>The commands of each publisher as they are sent in one run.</summary>
    public BetCommand[][] Commands(int run) =>
        [.. Streams.Select((stream, publisher) => stream.Select((said, index) => said.ToCommand(run, publisher, index)).ToArray())];

    public override string ToString()
    {
        var text = new StringBuilder(
            $"{Replicas} replicas, {MaxBatch} a publisher and batch, {ReleaseSize} a release, "
                + $"{(Expires ? "short" : "long")} deadline, seed {Seed}"
        );
        foreach (var (publisher, stream) in Commands(0).Index())
        {
            text.Append(CultureInfo.InvariantCulture, $"\npublisher {publisher}:");
            foreach (var command in stream)
            {
                text.Append("\n    ").Append(Told.Of(command));
            }
        }
        return text.ToString();
    }
}

/// <summary>One command of a history: what it says, and which place's id it has where that is not its own.</summary>
sealed record Said(BetCommand What, int Issued, (int Publisher, int Index)? IdOf)
{
    public BetCommand ToCommand(int run, int publisher, int index)
    {
        var (first, second) = IdOf ?? (publisher, index);
        var id = new Guid(run + 1, (short)first, (short)second, [0x80, 0, 0, 0, 0, 0, 0, 0]);
        // No two are issued at the same moment, so that issue order leaves no choice.
        var issued = Decide.Given.Now.AddHours(-1).AddMilliseconds(Issued).AddMicroseconds((publisher * 100) + index);
        var from = (long)run * History.Ids;
        return What switch
        {
            RegisterUser c => c with { Id = id, IssuedAt = issued, UserId = from + c.UserId },
            RenameUser c => c with { Id = id, IssuedAt = issued, UserId = from + c.UserId },
            Deposit c => c with { Id = id, IssuedAt = issued, UserId = from + c.UserId },
            Withdraw c => c with { Id = id, IssuedAt = issued, UserId = from + c.UserId },
            ScheduleEvent c => c with { Id = id, IssuedAt = issued, EventId = from + c.EventId },
            ChangeEvent c => c with { Id = id, IssuedAt = issued, EventId = from + c.EventId },
            PlaceBet c => c with
            {
                Id = id,
                IssuedAt = issued,
                BetId = from + c.BetId,
                UserId = from + c.UserId,
                EventId = from + c.EventId,
            },
            SettleBet c => c with { Id = id, IssuedAt = issued, BetId = from + c.BetId, UserId = from + c.UserId },
            CashOutBet c => c with { Id = id, IssuedAt = issued, BetId = from + c.BetId, UserId = from + c.UserId },
            CancelBet c => c with { Id = id, IssuedAt = issued, BetId = from + c.BetId, UserId = from + c.UserId },
            _ => throw new ArgumentOutOfRangeException(nameof(index)),
        };
    }
}

/// <summary>Commands in few words.</summary>
static class Told
{
    public static string Of(BetCommand command)
    {
        var content = CommandContent.Of(command);
        var parts = new List<string>
        {
            command.Id.ToString()[..18],
            command.IssuedAt.ToString("mm:ss.fff", CultureInfo.InvariantCulture),
            CommandContract.TextOf(command.Kind),
        };
        Add("bet", content.BetId);
        Add("user", content.UserId);
        Add("event", content.EventId);
        parts.AddRange(new[] { (content.Amount ?? content.Payout)?.ToString(), content.Status, content.Name }.OfType<string>());
        return string.Join(' ', parts);

        void Add(string name, long? id)
        {
            if (id is { } given)
            {
                parts.Add($"{name} {given % History.Ids}");
            }
        }
    }
}
