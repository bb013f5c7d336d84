using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Betting.Ingest.Failures;
using Betting.Local.Engines;
using Npgsql;

namespace Betting.Tests.Ingest.Failures;

public sealed partial class FailureTests
{
    [Theory]
    [InlineData("40001", FailureClass.Contention)]
    [InlineData("40P01", FailureClass.Contention)]
    [InlineData("55P03", FailureClass.Contention)]
    [InlineData("23505", FailureClass.IdTaken)]
    [InlineData("22003", FailureClass.Data)]
    [InlineData("2200H", FailureClass.Configuration)]
    [InlineData("23514", FailureClass.Data)]
    [InlineData("54000", FailureClass.Data)]
    [InlineData("P0001", FailureClass.Data)]
    [InlineData("25006", FailureClass.Unavailable)]
    [InlineData("57P01", FailureClass.Unavailable)]
    [InlineData("57P03", FailureClass.Unavailable)]
    [InlineData("53100", FailureClass.Unavailable)]
    [InlineData("53300", FailureClass.Unavailable)]
    [InlineData("57014", FailureClass.TooMuch)]
    [InlineData("53200", FailureClass.TooMuch)]
    [InlineData("28P01", FailureClass.Configuration)]
    [InlineData("42501", FailureClass.Configuration)]
    [InlineData("42P01", FailureClass.Configuration)]
    [InlineData("XX000", FailureClass.Unknown)]
    [InlineData("HV000", FailureClass.Unknown)]
    [InlineData("99999", FailureClass.Unknown)]
    [InlineData("", FailureClass.Unknown)]
    public void Failures_are_classed_by_SQLSTATE(string state, FailureClass expected)
    {
        Assert.Equal(expected, Failure.ClassOf(new PostgresException("text does not matter", "ERROR", "ERROR", state)));
    }

    [Theory]
    [InlineData("varsup.c", "54000", FailureClass.Unavailable)]
    [InlineData("multixact.c", "54000", FailureClass.Unavailable)]
    [InlineData("nbtutils.c", "54000", FailureClass.Data)]
    [InlineData("varsup.c", "54001", FailureClass.Data)]
    public void The_end_of_the_transaction_ids_is_an_outage_and_another_program_limit_is_not(
        string file,
        string state,
        FailureClass expected
    )
    {
        Assert.Equal(expected, Failure.ClassOf(new PostgresException("text does not matter", "ERROR", "ERROR", state, file: file)));
    }

    [Fact]
    public void Failures_without_a_SQLSTATE_are_classed_by_type_and_an_unknown_type_is_never_bad_data()
    {
        Assert.Equal(FailureClass.Unavailable, Failure.ClassOf(new NpgsqlException("broken", new SocketException(111))));
        Assert.Equal(FailureClass.TooMuch, Failure.ClassOf(new NpgsqlException("slow", new TimeoutException())));
        Assert.Equal(FailureClass.Unavailable, Failure.ClassOf(new PostgresClockException("the clock jumped")));
        Assert.Equal(FailureClass.TooMuch, Failure.ClassOf(new TimeoutException()));
        Assert.Equal(FailureClass.Cancelled, Failure.ClassOf(new TaskCanceledException()));
        Assert.Equal(FailureClass.Data, Failure.ClassOf(new EncoderFallbackException()));
        Assert.All(
            new Exception[]
            {
                new InvalidCastException(),
                new FormatException(),
                new InvalidOperationException(),
                new ArgumentOutOfRangeException(),
                new KeyNotFoundException(),
            },
            failure => Assert.Equal(FailureClass.Unknown, Failure.ClassOf(failure))
        );
    }

    [Theory]
    [InlineData(FailureClass.Data, 1, false, NextAttempt.Smaller)]
    [InlineData(FailureClass.TooMuch, 1, true, NextAttempt.Smaller)]
    [InlineData(FailureClass.TooMuch, 1, false, NextAttempt.Same)]
    [InlineData(FailureClass.Unknown, 1, true, NextAttempt.Same)]
    [InlineData(FailureClass.Unknown, 2, true, NextAttempt.Smaller)]
    [InlineData(FailureClass.Unknown, 1000, false, NextAttempt.Same)]
    [InlineData(FailureClass.Unavailable, 1000, true, NextAttempt.Same)]
    [InlineData(FailureClass.Configuration, 1000, true, NextAttempt.Same)]
    [InlineData(FailureClass.Contention, 1000, true, NextAttempt.Same)]
    [InlineData(FailureClass.IdTaken, 20, true, NextAttempt.Same)]
    [InlineData(FailureClass.IdTaken, 21, true, NextAttempt.Smaller)]
    public void What_can_be_made_smaller_is_not_retried_unchanged(FailureClass kind, int attempt, bool canBeSmaller, NextAttempt next)
    {
        Assert.Equal(next, AttemptRules.After(kind, attempt, canBeSmaller));
    }

    [Fact]
    public void A_limit_is_halved_when_a_transaction_was_too_much_and_grows_again_more_carefully_each_time_that_fails()
    {
        var limit = new SizeLimit(1000);
        Assert.Equal([500, 250, 125], new[] { 1000, 500, 250 }.Select(limit.TooMuch));
        limit.Passed(60);
        Assert.Equal(125, limit.Size);
        limit.Passed(125);
        Assert.Equal(250, limit.Size);

        limit.TooMuch(250);
        limit.Passed(125);
        Assert.Equal(125, limit.Size);
        limit.Passed(125);
        Assert.Equal(250, limit.Size);

        for (var passed = 0; passed < 20; passed++)
        {
            limit.Passed(limit.Size);
        }
        Assert.Equal(1000, limit.Size);
        Assert.Equal(1, limit.TooMuch(1));
    }

    [Fact]
    public void The_documented_table_is_the_codes()
    {
        var text = File.ReadAllText(Path.Combine(Installed.ProjectRoot, "docs", "failures.md"));
        var section = text[text.IndexOf("## PostgreSQL", StringComparison.Ordinal)..];
        section = section[..section.IndexOf("\n## ", StringComparison.Ordinal)];
        var documented = DocumentedRow()
            .Matches(section)
            .Select(row => (row.Groups["state"].Value, row.Groups["class"].Value, row.Groups["meaning"].Value));

        Assert.Equal(
            SqlStates.Classes.Select(row => (row.Key, Failure.NameOf(row.Value.Class), row.Value.Meaning)).Order(),
            documented.Order()
        );
    }

    [GeneratedRegex(@"^\| `(?<state>\w+)` \| (?<class>[a-z ]+) \| (?<meaning>.+) \|$", RegexOptions.Multiline)]
    private static partial Regex DocumentedRow();

    [Fact]
    public void A_session_may_be_the_cause_of_what_PostgreSQL_answers_but_for_a_lack_of_connections()
    {
        Assert.All(["25006", "57P01", "42P01", "57014", "55P03", "XX000"], state =>
            Assert.True(Failure.MayBeTheSession(new PostgresException("", "", "", state)), state)
        );
        Assert.False(Failure.MayBeTheSession(new PostgresException("", "", "", "53300")));
        Assert.False(Failure.MayBeTheSession(new NpgsqlException("", new TimeoutException())));
    }

    [Fact]
    public void Pauses_double_to_a_second_and_are_never_shorter_than_half()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(25), Backoff.After(1, 0));
        Assert.Equal(TimeSpan.FromMilliseconds(50), Backoff.After(1, 1));
        Assert.Equal(TimeSpan.FromMilliseconds(100), Backoff.After(2, 1));
        Assert.Equal(TimeSpan.FromSeconds(1), Backoff.After(1_000_000, 1));
        Assert.Equal(TimeSpan.FromMilliseconds(1), Backoff.Again(1, 1));
        Assert.Equal(TimeSpan.FromMilliseconds(250), Backoff.Again(1_000_000, 1));
    }
}
