using Betting.Ingest.Postgres;
using Betting.Tests.Ingest.Decide;
using CsCheck;

namespace Betting.Tests.Ingest.Postgres;

/// <summary>A jump of PostgreSQL's clock is told from the passing of time, from slow answers and from corrections.</summary>
public sealed class PostgresClockTests
{
    static readonly TimeSpan Skew = TimeSpan.FromSeconds(5),
        LongestAnswer = TimeSpan.FromSeconds(12);

    // The pause before a question, the time of its answer, and when in between PostgreSQL reads its clock.
    static readonly Gen<(TimeSpan Pause, TimeSpan Answer, double At)> Look = Gen.Select(
        Gen.Double[0, 3600].Select(TimeSpan.FromSeconds),
        Gen.Double[0, LongestAnswer.TotalSeconds].Select(TimeSpan.FromSeconds),
        Gen.Double[0, 1]
    );

    static readonly Gen<TimeSpan> AnyError = Gen.Double[-200_000, 200_000].Select(TimeSpan.FromSeconds);

    static readonly Gen<TimeSpan> LargeJump = Gen.Select(Gen.Double[30, 200_000], Gen.Bool)
        .Select((seconds, isBack) => TimeSpan.FromSeconds(isBack ? -seconds : seconds));

    [Fact]
    public void Neither_time_nor_slow_answers_nor_a_drift_nor_the_wall_clock_make_a_jump() =>
        Gen.Select(Gen.Select(Look, AnyError).Array[1, 50], AnyError, Gen.Double[-0.0005, 0.0005])
            .Sample(
                (looks, error, drift) =>
                {
                    var (world, clock) = (new World { Postgres = error }, new PostgresClock(Skew));
                    foreach (var (look, wall) in looks)
                    {
                        world.Wall = wall;
                        world.Postgres += drift * look.Pause;
                        Assert.Null(clock.Note(world.Read(look)));
                    }
                },
                iter: 2_000
            );

    [Fact]
    public void A_jump_is_doubted_from_its_first_reading_to_the_one_after_it_is_undone_whatever_the_wall_clock_of_the_replica() =>
        Gen.Select(Look.Array[1, 5], Look.Array[1, 20], Look, LargeJump, AnyError)
            .Sample(
                (before, during, after, jump, wall) =>
                {
                    var (world, clock) = (new World { Wall = wall }, new PostgresClock(Skew));
                    Assert.All(before, look => Assert.Null(clock.Note(world.Read(look))));
                    world.Postgres += jump;
                    // Near the wall clock it would be a correction.
                    if ((world.Postgres - wall).Duration() <= Skew + LongestAnswer)
                    {
                        return;
                    }

                    var doubts = during.Select(look => clock.Note(world.Read(look))).ToList();

                    Assert.All(doubts, doubt =>
                        Assert.InRange(doubt!.Jump, jump - LongestAnswer - LongestAnswer, jump + LongestAnswer + LongestAnswer)
                    );
                    Assert.Single(doubts.Select(doubt => doubt!.Since).Distinct());
                    world.Postgres -= jump;
                    Assert.Null(clock.Note(world.Read(after)));
                    Assert.Null(clock.Doubt);
                },
                iter: 2_000
            );

    [Fact]
    public void A_jump_that_ends_near_the_wall_clock_is_a_correction_and_ends_a_doubt() =>
        Gen.Select(Look, Look.Array[1, 5], LargeJump, LargeJump, Gen.Double[-5, 5])
            .Sample(
                (first, looks, wrong, more, near) =>
                {
                    var (world, clock) = (new World { Postgres = wrong }, new PostgresClock(Skew));
                    Assert.Null(clock.Note(world.Read(first)));
                    world.Postgres += more;
                    clock.Note(world.Read(first));
                    world.Postgres = TimeSpan.FromSeconds(near);

                    Assert.All(looks, look => Assert.Null(clock.Note(world.Read(look))));

                    // From here on it is what jumps are measured by.
                    world.Postgres += TimeSpan.FromHours(1);
                    Assert.NotNull(clock.Note(world.Read(first)));
                },
                iter: 2_000
            );

    [Fact]
    public void No_trusted_reading_is_far_from_the_one_before_unless_it_is_near_the_wall_clock_and_no_doubted_one_is_near_it() =>
        Gen.Select(
                Gen.Select(Look, Gen.OneOf(Gen.Const(TimeSpan.Zero), LargeJump, Gen.Double[-30, 30].Select(TimeSpan.FromSeconds))).Array[
                    2,
                    60
                ],
                AnyError
            )
            .Sample(
                (steps, wall) =>
                {
                    var (world, clock) = (new World { Wall = wall }, new PostgresClock(Skew));
                    var trusted = default((TimeSpan Error, TimeSpan Answer)?);
                    foreach (var (look, jump) in steps)
                    {
                        world.Postgres += jump;
                        var reading = world.Read(look);
                        if (clock.Note(reading) is not null)
                        {
                            Assert.True((world.Postgres - wall).Duration() > Skew);
                            continue;
                        }
                        if (trusted is { } before && reading.Ahead.Duration() > Skew)
                        {
                            Assert.InRange((world.Postgres - before.Error).Duration(), TimeSpan.Zero, Skew + look.Answer + before.Answer);
                        }
                        trusted = (world.Postgres, look.Answer);
                    }
                },
                iter: 5_000
            );

    [Fact]
    public void A_jump_behind_a_slow_answer_is_found_by_the_next_quick_one()
    {
        var (world, clock) = (new World(), new PostgresClock(Skew));
        (TimeSpan, TimeSpan, double) quick = (TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(1), 1),
            slow = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), 1);
        Assert.Null(clock.Note(world.Read(quick)));
        world.Postgres = TimeSpan.FromSeconds(-8);

        Assert.Null(clock.Note(world.Read(slow)));
        Assert.Equal(-8, clock.Note(world.Read(quick))!.Jump.TotalSeconds, tolerance: 0.1);
    }

    [Fact]
    public void A_machine_that_stood_still_takes_the_lost_time_for_a_jump_only_while_its_own_wall_clock_stands_behind()
    {
        var (world, clock) = (new World(), new PostgresClock(Skew));
        (TimeSpan, TimeSpan, double) look = (TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(1), 0.5);
        Assert.Null(clock.Note(world.Read(look)));
        // The monotonic clock does not count a suspension, so both others seem to jump.
        world.Postgres = TimeSpan.FromMinutes(10);
        Assert.NotNull(clock.Note(world.Read(look)));
        world.Wall = TimeSpan.FromMinutes(10);
        Assert.Null(clock.Note(world.Read(look)));
    }

    // The monotonic clock is right; the two others are wrong by what stands here.
    sealed class World
    {
        TimeSpan _elapsed = TimeSpan.FromHours(1);

        public TimeSpan Postgres { get; set; }
        public TimeSpan Wall { get; set; }

        public ClockReading Read((TimeSpan Pause, TimeSpan Answer, double At) look)
        {
            _elapsed += look.Pause;
            var (asked, postgres) = (Now(), Given.Now + _elapsed + (look.At * look.Answer) + Postgres);
            _elapsed += look.Answer;
            return new ClockReading(asked, postgres, Now());
        }

        Moment Now() => new(_elapsed, Given.Now + _elapsed + Wall);
    }
}
