using Betting.Contracts.Commands;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>How the commands of a measurement differ from the plain ones: bets of uniformly chosen users and events.</summary>
enum Shape
{
    Uniform,
    OneUser,
    OneEvent,

    /// <summary>Every fifth message is one of those before it, again.</summary>
    Duplicates,

    /// <summary>Every fifth bet is on an event that never comes.</summary>
    Parked,

    /// <summary>Every fifth bet is of a user without money.</summary>
    Refused,
}

/// <summary>
/// Commands to place bets: first some that warm the worker up, compiled code and filled caches being its normal state, then
/// those that are measured. Ids are version 7 and bet ids ascend, as publishers are told to choose them.
/// </summary>
sealed class Workload
{
    readonly Random _random = new(1);
    readonly Shape _shape;
    readonly TimeProvider _clock;
    long _lastBet;

    /// <param name="shape">What kind of bets.</param>
    /// <param name="warmUp">How many commands before the measured ones.</param>
    /// <param name="measured">How many are measured.</param>
    /// <param name="clock">Stamps them.</param>
    /// <param name="firstBet">Bet ids from here on; a second run on one database begins behind the first.</param>
    public Workload(Shape shape, int warmUp, int measured, TimeProvider clock, long firstBet = 1)
    {
        _shape = shape;
        _clock = clock;
        _lastBet = firstBet - 1;
        WarmUp = [.. Enumerable.Range(0, warmUp).Select(_ => Next(Shape.Uniform))];
        FirstMeasuredBet = _lastBet + 1;
        var commands = new PlaceBet[measured];
        for (var i = 0; i < measured; i++)
        {
            commands[i] = shape == Shape.Duplicates && i % 5 == 4 ? commands[Earlier(i)] : Next(i % 5 == 4 ? shape : Plain);
        }
        Measured = commands;
    }

    public IReadOnlyList<PlaceBet> WarmUp { get; }
    public IReadOnlyList<PlaceBet> Measured { get; }
    public IEnumerable<PlaceBet> All => WarmUp.Concat(Measured);
    public long FirstMeasuredBet { get; }

    /// <summary>How many of the measured are commands of their own.</summary>
    public int Distinct => _shape == Shape.Duplicates ? Measured.Count - (Measured.Count / 5) : Measured.Count;

    /// <summary>How many of the measured place a bet.</summary>
    public int Accepted =>
        _shape is Shape.Duplicates or Shape.Parked or Shape.Refused ? Measured.Count - (Measured.Count / 5) : Measured.Count;

    Shape Plain => _shape is Shape.OneUser or Shape.OneEvent ? _shape : Shape.Uniform;

    /// <summary>
    /// The last command of every user among the last ones: with a handful of users a partition, these have their outcome when
    /// all have. Few, because asking for them is work for the server that is measured.
    /// </summary>
    public IEnumerable<Guid> LastOfPartitions() => Measured.TakeLast(50).Select(command => command.Id).Distinct();

    /// <summary>One more command, stamped now.</summary>
    public PlaceBet Next() => Next(Plain);

    PlaceBet Next(Shape shape)
    {
        var now = _clock.GetUtcNow();
        return new PlaceBet(
            Guid.CreateVersion7(now),
            new DateTime(now.Ticks - (now.Ticks % TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc),
            ++_lastBet,
            shape switch
            {
                Shape.OneUser => 1,
                Shape.Refused => IngestStage.PoorUser,
                _ => _random.NextInt64(1, IngestStage.Users + 1),
            },
            shape switch
            {
                Shape.OneEvent => 1,
                Shape.Parked => IngestStage.Events + _random.NextInt64(1, 1000),
                _ => _random.NextInt64(1, IngestStage.Events + 1),
            },
            new Money(_random.NextInt64(1_00, 20_00))
        );
    }

    // A message comes again soon, as after a publisher's retry, or much later; never another repetition.
    int Earlier(int i) => Math.Max(0, i - _random.Next(1, 5_000)) is var at && at % 5 == 4 ? at - 1 : at;
}
