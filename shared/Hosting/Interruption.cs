using System.Runtime.InteropServices;

namespace Betting.Hosting;

/// <summary>
/// Turns the first SIGINT or SIGTERM into a cancellation, so that what has begun can end; the second one ends the process at once, unless
/// somebody else handles it. A host does, but only once it has started: before that, the runtime would end the process with code 143.
/// </summary>
public sealed class Interruption : IDisposable
{
    readonly CancellationTokenSource _source;
    readonly PosixSignalRegistration[] _registrations;

    /// <param name="cancellation">Cancels the token too.</param>
    public Interruption(CancellationToken cancellation)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
        ];
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

    void OnSignal(PosixSignalContext context)
    {
        try
        {
            if (!_source.IsCancellationRequested)
            {
                context.Cancel = true;
                _source.Cancel();
            }
        }
        catch (ObjectDisposedException)
        {
            // What could be interrupted has ended.
        }
    }
}
