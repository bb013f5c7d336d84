using System.Diagnostics.Metrics;
using Betting.CdcSink.Lag;
using Betting.Hosting;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Betting.Tests.CdcSink.Lag;

public sealed class LagTroubleTests(Servers servers)
{
    [Fact]
    public async Task A_connector_without_a_position_is_logged_once_a_minute_after_the_time_that_a_start_takes()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var (clock, lines, readiness) = (new FakeTimeProvider(), new Lines(), new Readiness());
        var outages = new Outages(
            new StoreFailures([]),
            readiness,
            services.GetRequiredService<IMeterFactory>(),
            clock,
            NullLogger<Outages>.Instance
        );
        var trouble = new LagTrouble(outages, sink.Outage(readiness), clock, lines);

        Look(isThere: false, seconds: 80);
        Assert.Empty(lines.Events);
        Look(isThere: false, seconds: 120);
        Assert.Equal([393, 393], lines.Events);
        Look(isThere: true, seconds: 60);
        Look(isThere: false, seconds: 80);
        Assert.Equal(2, lines.Events.Count);

        void Look(bool isThere, int seconds)
        {
            for (var second = 0; second < seconds; second++)
            {
                trouble.ConnectHasPosition(isThere, "betting");
                clock.Advance(TimeSpan.FromSeconds(1));
            }
        }
    }

    [Theory]
    [InlineData(1, 2, true)]
    [InlineData(2, 1, true)]
    [InlineData(2, 2, false)]
    [InlineData(null, 2, false)]
    [InlineData(2, null, false)]
    public async Task A_connector_of_another_epoch_than_the_newest_watermarks_is_told_once_a_minute(
        int? connector,
        int? watermarks,
        bool isTold
    )
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var (clock, lines, readiness) = (new FakeTimeProvider(), new Lines(), new Readiness());
        var outages = new Outages(
            new StoreFailures([]),
            readiness,
            services.GetRequiredService<IMeterFactory>(),
            clock,
            NullLogger<Outages>.Instance
        );
        var trouble = new LagTrouble(outages, sink.Outage(readiness), clock, lines);

        for (var second = 0; second < 155; second++)
        {
            trouble.ConnectIsOfEpoch(connector, watermarks);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(isTold ? [395, 395] : [], lines.Events);
    }

    sealed class Lines : ILogger<LagTrouble>
    {
        public List<int> Events { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Events.Add(eventId.Id);
    }
}
