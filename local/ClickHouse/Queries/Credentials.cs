using System.Text;
using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Queries;

/// <summary>
/// The one user is <c>default</c> without a password, as in a fresh ClickHouse: any password will do for it, and any other name
/// is refused.
/// </summary>
static class Credentials
{
    const string Default = "default";

    /// <exception cref="EngineException">AUTHENTICATION_FAILED.</exception>
    public static void Check(HttpRequest request)
    {
        var user = UserOf(request);
        if (user is not (Default or ""))
            throw new EngineException(
                ErrorCode.AuthenticationFailed,
                $"{user}: Authentication failed: this host knows the user default alone"
            );
    }

    static string UserOf(HttpRequest request)
    {
        if (request.Headers["X-ClickHouse-User"].ToString() is { Length: > 0 } named)
            return named;
        if (request.Query["user"].ToString() is { Length: > 0 } given)
            return given;

        var authorization = request.Headers.Authorization.ToString();
        if (authorization.Length == 0)
            return Default;
        const string basic = "Basic ";
        if (!authorization.StartsWith(basic, StringComparison.OrdinalIgnoreCase))
            throw new EngineException(ErrorCode.AuthenticationFailed, "Authentication failed: this host takes HTTP Basic alone");

        var decoded = new byte[authorization.Length];
        if (!Convert.TryFromBase64String(authorization[basic.Length..].Trim(), decoded, out var length))
            throw new EngineException(ErrorCode.AuthenticationFailed, "Authentication failed: malformed HTTP Basic");
        return Encoding.UTF8.GetString(decoded, 0, length).Split(':', 2)[0];
    }
}
