using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Betting.Tests.Ingest.Receive.Frames;

/// <summary>A port of this machine that takes TLS with a certificate of its own and leads to another port without.</summary>
sealed class TlsWire : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly Task _accepting;

    public TlsWire(int to)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var own = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Certificate = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null);
        _listener.Start();
        _accepting = AcceptAsync(to);
    }

    public X509Certificate2 Certificate { get; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        Certificate.Dispose();
    }

    async Task AcceptAsync(int to)
    {
        var carrying = new List<Task>();
        try
        {
            while (true)
            {
                carrying.Add(CarryAsync(await _listener.AcceptTcpClientAsync(), to));
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            await Task.WhenAll(carrying);
        }
    }

    async Task CarryAsync(TcpClient from, int to)
    {
        try
        {
            using var onward = new TcpClient();
            await onward.ConnectAsync(IPAddress.Loopback, to);
            await using var secure = new SslStream(from.GetStream());
            await secure.AuthenticateAsServerAsync(Certificate);
            var plain = onward.GetStream();
            await await Task.WhenAny(secure.CopyToAsync(plain), plain.CopyToAsync(secure));
        }
        catch (Exception ended)
            when (ended is IOException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The client has left, or does not trust this certificate.
        }
        finally
        {
            from.Dispose();
        }
    }
}
