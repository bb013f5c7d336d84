using Betting.Hosting;
using Betting.Local.Engines;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>A worker that is asked to stop before it has started ends as it does later: exit code 0, no stack trace.</summary>
public sealed class StopDuringStartTests
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    public static TheoryData<string> Workers => ["Ingest", "CacheWarmer", "CdcSink", "Reconciler"];

    // From where the runtime begins, whose own answer to SIGTERM is 143, to some time after the start.
    [Theory]
    [MemberData(nameof(Workers))]
    public async Task SIGTERM_at_any_moment_of_the_start_is_a_stop_in_order(string worker)
    {
        var clock = TimeProvider.System;
        var began = clock.GetTimestamp();
        await using (var first = new Started(worker))
        {
            await Deadline.UntilAsync($"the start of {worker}", Limit, () =>
                Task.FromResult(first.Text.Contains(" started, process ", StringComparison.Ordinal))
            );
        }
        var whole = clock.GetElapsedTime(began);
        for (var step = 1; step <= 14; step++)
        {
            await using var process = new Started(worker);
            using var until = new PeriodicTimer(whole * step / 12, clock);
            await until.WaitForNextTickAsync(TestContext.Current.CancellationToken);

            Assert.True(await process.StopAsync(Limit), $"{worker} did not end");

            var isOurs = process.Text != "";
            Assert.True(
                process.ExitCode == 0 || (process.ExitCode == 143 && !isOurs),
                $"{worker}, step {step}: exit code {process.ExitCode}\n{process.Text}"
            );
            Assert.DoesNotContain("Hosting failed", process.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", process.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_stop_while_a_service_of_the_host_starts_ends_with_code_0_and_stops_what_has_started()
    {
        var before = new StartedService();

        var code = await new WorkerCommandLine("stopped", "A worker that is asked to stop while it starts.").RunAsync(
            ["--Http:Url=http://127.0.0.1:0"],
            builder =>
            {
                builder.Services.AddSingleton<IHostedService>(before);
                builder.Services.AddSingleton<IHostedService, StoppingService>();
            }
        );

        Assert.Equal(0, code);
        Assert.Equal((true, true), (before.HasStarted, before.HasStopped));
    }

    sealed class StartedService : IHostedService
    {
        public bool HasStarted { get; private set; }
        public bool HasStopped { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            HasStarted = true;
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            HasStopped = true;
            return Task.CompletedTask;
        }
    }

    // As the host's own listener for signals would do.
    sealed class StoppingService(IHostApplicationLifetime lifetime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.StopApplication();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    sealed class Started : IAsyncDisposable
    {
        readonly string _log = Path.Combine(Path.GetTempPath(), $"start-{Guid.NewGuid():N}.log");
        readonly EngineProcess _process;

        public Started(string worker) =>
            _process = WorkerProgram.Start(worker, [], ["--Logs:Format=text", "--Http:Url=http://127.0.0.1:0"], _log);

        public int ExitCode => _process.ExitCode;

        public string Text
        {
            get
            {
                using var stream = new FileStream(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using var reader = new StreamReader(stream);
                return reader.ReadToEnd();
            }
        }

        public Task<bool> StopAsync(TimeSpan limit) => _process.StopAsync(limit);

        public async ValueTask DisposeAsync()
        {
            await _process.DisposeAsync();
            File.Delete(_log);
        }
    }
}
