using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using RabbitMQ.Client;

namespace Betting.Brokers;

/// <summary>
/// RabbitMQ.Client's socket with a filter before the client. The client would put TLS on top of its socket's stream, where a filter
/// sees ciphertext only; so TLS is here, with the client's own options, and the client is told that there is none.
/// </summary>
/// <param name="family">Of the address that it connects to.</param>
/// <param name="tls">The client's options; null for none.</param>
/// <param name="filter">For this connection alone.</param>
public sealed class FilteredTcpClient(AddressFamily family, SslOption? tls, IInboundFilter filter)
    : TcpClientAdapter(new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
{
    FilteredStream? _stream;

    public override async Task ConnectAsync(IPAddress ep, int port, CancellationToken cancellationToken = default)
    {
        await base.ConnectAsync(ep, port, cancellationToken);
        var plain = new NetworkStream(Client);
        _stream = new FilteredStream(Client, tls is null ? plain : await SecureAsync(plain, tls, cancellationToken), filter);
    }

    public override NetworkStream GetStream() => _stream ?? throw new InvalidOperationException("not connected");

    static async Task<SslStream> SecureAsync(NetworkStream plain, SslOption tls, CancellationToken cancellation)
    {
        var secure = new SslStream(
            plain,
            leaveInnerStreamOpen: false,
            tls.CertificateValidationCallback ?? ((_, _, _, errors) => (errors & ~tls.AcceptablePolicyErrors) == SslPolicyErrors.None)
        );
        try
        {
            await secure.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = tls.ServerName,
                    EnabledSslProtocols = tls.Version,
                    ClientCertificates = tls.Certs,
                },
                cancellation
            );
            return secure;
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }
}
