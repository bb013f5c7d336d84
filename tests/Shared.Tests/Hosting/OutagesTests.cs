using System.Diagnostics.Metrics;
using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>How often an outage is told, however many loops meet it and however often.</summary>
public sealed class OutagesTests : IDisposable
{
    readonly FakeTimeProvider _clock = new();
    readonly Readiness _readiness = new();
    readonly KeptLines _lines = new();
    readonly Outages _outages;

    public OutagesTests() =>
        _outages = new Outages(
            new StoreFailures([]),
            _readiness,
            new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>(),
            _clock,
            _lines
        );

    [Fact]
    public void One_line_when_it_goes_one_a_minute_and_one_when_it_is_back()
    {
        for (var second = 0; second < 150; second++)
        {
            _outages.Failed(Stores.Postgres, "door", "connection refused");
            _outages.Failed(Stores.Postgres, "parked", "connection refused");
            Assert.False(_readiness.States["postgres"].Ready);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal([0, 60, 120], _lines.Away);
        _outages.Succeeded(Stores.Postgres, "door");
        Assert.True(_outages.IsAway(Stores.Postgres));
        _outages.Succeeded(Stores.Postgres, "parked");

        Assert.Equal(1, _lines.Back);
        Assert.True(_readiness.IsReady);
        _outages.Succeeded(Stores.Postgres, "door");
        Assert.Equal(1, _lines.Back);
    }

    [Fact]
    public void A_store_that_comes_and_goes_is_told_once_a_minute()
    {
        for (var second = 0; second < 120; second += 2)
        {
            _outages.Failed(Stores.Kafka, "stream", "no broker answers");
            _clock.Advance(TimeSpan.FromSeconds(1));
            _outages.Succeeded(Stores.Kafka, "stream");
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(2, _lines.Away.Count);
        Assert.Equal(2, _lines.Back);
    }

    [Fact]
    public void A_step_that_was_given_up_neither_ends_an_outage_nor_holds_up_its_end()
    {
        _outages.Failed(Stores.ClickHouse, "sink-7", "no answer in time");
        _outages.Failed(Stores.ClickHouse, "probe", "no answer in time");
        _outages.Forget(Stores.ClickHouse, "sink-7");
        _outages.Forget(Stores.Kafka, "sink-7");
        Assert.True(_outages.IsAway(Stores.ClickHouse));
        Assert.False(_readiness.States["clickhouse"].Ready);
        Assert.Equal(0, _lines.Back);

        _outages.Succeeded(Stores.ClickHouse, "probe");

        Assert.False(_outages.IsAway(Stores.ClickHouse));
        Assert.True(_readiness.IsReady);
        Assert.Equal(1, _lines.Back);
    }

    [Fact]
    public void An_outage_soon_after_another_is_told_as_one_of_its_own()
    {
        _outages.Failed(Stores.Rabbit, "watch", "no answer in time");
        _outages.Succeeded(Stores.Rabbit, "watch");
        _clock.Advance(TimeSpan.FromSeconds(12));
        _outages.Failed(Stores.Rabbit, "watch", "connection refused");
        _clock.Advance(TimeSpan.FromSeconds(5));
        _outages.Succeeded(Stores.Rabbit, "watch");

        Assert.Equal(2, _lines.Away.Count);
        Assert.Equal(2, _lines.Back);
    }

    [Fact]
    public void An_outage_that_begins_anew_at_once_and_lasts_is_told_and_so_is_its_end()
    {
        _outages.Failed(Stores.ClickHouse, "sink", "too many parts");
        _outages.Succeeded(Stores.ClickHouse, "sink");
        for (var second = 0; second < 43; second++)
        {
            _outages.Failed(Stores.ClickHouse, "sink", "too many parts");
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
        _outages.Succeeded(Stores.ClickHouse, "sink");

        Assert.Equal([0, 5], _lines.Away);
        Assert.Equal(2, _lines.Back);
    }

    [Fact]
    public void A_loop_that_failed_once_and_does_not_ask_again_does_not_hold_the_store_away()
    {
        _outages.Failed(Stores.Redis, "seldom", "no connection");
        _outages.Failed(Stores.Redis, "often", "no connection");
        _outages.Succeeded(Stores.Redis, "often");
        Assert.True(_outages.IsAway(Stores.Redis));
        _clock.Advance(TimeSpan.FromSeconds(61));
        _outages.Succeeded(Stores.Redis, "often");

        Assert.False(_outages.IsAway(Stores.Redis));
        Assert.Equal(1, _lines.Back);
    }

    public void Dispose() => _outages.Dispose();

    sealed class KeptLines : ILogger<Outages>
    {
        /// <summary>The seconds that each line of an outage names.</summary>
        public List<double> Away { get; } = [];

        public int Back { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            var values = (IReadOnlyList<KeyValuePair<string, object?>>)state!;
            if (eventId.Id == 10)
            {
                Away.Add((double)values.Single(value => value.Key == "Seconds").Value!);
            }
            Back += eventId.Id == 11 ? 1 : 0;
        }
    }
}
