using System.Runtime.InteropServices;

namespace Betting.Hosting;

/// <summary>
/// SIGTERM and SIGINT as a cancellation, from the beginning of the process: the host listens for them only once it starts, and until then the runtime
/// would end the process with code 143.
/// </summary>
sealed class StopSignals : IDisposable
{
    readonly CancellationTokenSource _source;
    readonly PosixSignalRegistration[] _registrations;

    /// <param name="cancellation">Cancels the token too.</param>
    public StopSignals(CancellationToken cancellation)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop), PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop)];
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
        _source.Dispose();
    }

    void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The worker has stopped already.
        }
    }
}
