using System.Net.Sockets;
using Betting.Ingest.Batches;
using Npgsql;

namespace Betting.Tests.Ingest.Batches;

public sealed class FailureTests
{
    [Theory]
    [InlineData("40001", FailureClass.Again)]
    [InlineData("40P01", FailureClass.Again)]
    [InlineData("23505", FailureClass.Taken)]
    [InlineData("55P03", FailureClass.Again)]
    [InlineData("22003", FailureClass.Data)]
    [InlineData("23514", FailureClass.Data)]
    [InlineData("P0001", FailureClass.Data)]
    [InlineData("25006", FailureClass.Wait)]
    [InlineData("57P01", FailureClass.Wait)]
    [InlineData("57P03", FailureClass.Wait)]
    [InlineData("57014", FailureClass.Wait)]
    [InlineData("53100", FailureClass.Wait)]
    [InlineData("53300", FailureClass.Wait)]
    [InlineData("28P01", FailureClass.Wait)]
    [InlineData("42501", FailureClass.Wait)]
    [InlineData("42P01", FailureClass.Wait)]
    [InlineData("XX000", FailureClass.Wait)]
    public void Failures_are_classed_by_SQLSTATE(string state, FailureClass expected)
    {
        Assert.Equal(expected, Failure.ClassOf(new PostgresException("text does not matter", "ERROR", "ERROR", state)));
    }

    [Fact]
    public void A_broken_way_to_the_server_is_nobodys_fault_and_a_value_that_cannot_be_sent_is_the_datas()
    {
        Assert.Equal(FailureClass.Wait, Failure.ClassOf(new NpgsqlException("broken", new SocketException(111))));
        Assert.Equal(FailureClass.Wait, Failure.ClassOf(new TimeoutException()));
        Assert.Equal(FailureClass.Data, Failure.ClassOf(new InvalidCastException()));
    }

    [Fact]
    public void Only_a_server_that_goes_or_is_no_longer_the_primary_spoils_the_pool()
    {
        Assert.True(Failure.SpoilsPool(new PostgresException("", "", "", "25006")));
        Assert.True(Failure.SpoilsPool(new PostgresException("", "", "", "57P01")));
        Assert.False(Failure.SpoilsPool(new PostgresException("", "", "", "53300")));
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
