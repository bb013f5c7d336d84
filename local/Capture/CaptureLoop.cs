using System.Net.Sockets;
using Betting.Local.Capture.Resume;
using Confluent.Kafka;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Betting.Local.Capture;

/// <summary>Runs capture again and again: whatever is away, PostgreSQL keeps the changes until it is back.</summary>
sealed class CaptureLoop(CaptureOptions options, CaptureStatus status, TimeProvider time, ILogger<CaptureLoop> log) : BackgroundService
{
    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        CaptureLog.Started(log, string.Join(", ", options.Tables), options.Publication, options.Slot, options.Prefix, options.Epoch);
        var file = new CheckpointFile(options.Data);
        var pause = FirstPause;
        while (true)
        {
            try
            {
                await new CaptureRun(options, file, status, time, log).RunAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                CaptureLog.Stopped(log, status.ConfirmedLsn);
                return;
            }
            catch (Exception failure) when (MayPass(failure))
            {
                if (status.Phase == Phase.Streaming)
                    pause = FirstPause;
                status.Phase = Phase.Waiting;
                status.Restarts++;
                status.LastError = failure.Message;
                CaptureLog.Retrying(log, pause.TotalMilliseconds, failure.Message);
                if (await StoppedWithinAsync(pause, stop))
                    return;
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    // Anything else is a mistake in this program, and ends it.
    static bool MayPass(Exception failure) =>
        failure
            is NpgsqlException
                or SocketException
                or IOException
                or TimeoutException
                or KafkaException
                or CaptureFaultException
                or OperationCanceledException;

    async Task<bool> StoppedWithinAsync(TimeSpan pause, CancellationToken stop)
    {
        await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return stop.IsCancellationRequested;
    }
}
