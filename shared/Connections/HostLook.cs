using System.Net.Sockets;
using Npgsql;

namespace Betting.Connections;

/// <summary>
/// Asks one host what it is, on a session of its own that is kept between questions: opening one each second would cost the server a
/// process.
/// </summary>
/// <param name="source">Of this host alone, without a pool.</param>
sealed class HostLook(NpgsqlDataSource source) : IAsyncDisposable
{
    /// <summary>
    /// Limit of the connection's opening and of the question, s. Npgsql's own limits end what hangs; they are longer than the limit of
    /// whoever waits, who need not wait for the end.
    /// </summary>
    public const int Seconds = 5;

    NpgsqlConnection? _session;

    /// <summary>One question at a time.</summary>
    public async Task<ServerAnswer> AskAsync()
    {
        while (true)
        {
            var isNew = _session is null;
            try
            {
                _session ??= await source.OpenConnectionAsync();
                return await ServerAnswer.AskAsync(_session, Seconds);
            }
            // Whatever it is: who opens a session with this host meets it as well, and tells it.
            catch (Exception failure)
            {
                await DropAsync();
                var isLate = failure is TimeoutException or NpgsqlException { InnerException: TimeoutException };
                // A kept session may have ended with a restart of the server.
                if (isNew || isLate)
                {
                    return isLate ? HostWatch.Silent : Describe(failure);
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DropAsync();
        await source.DisposeAsync();
    }

    static ServerAnswer Describe(Exception failure) =>
        failure switch
        {
            PostgresException refused => new ServerAnswer(
                ServerRole.Refuses,
                Trouble: $"{refused.MessageText} (SQLSTATE {refused.SqlState})"
            ),
            NpgsqlException or SocketException or TimeoutException or IOException => new ServerAnswer(
                ServerRole.Away,
                Trouble: Network.Describe(failure)
            ),
            _ => new ServerAnswer(ServerRole.Refuses, Trouble: failure.GetType().Name),
        };

    async Task DropAsync()
    {
        if (_session is { } session)
        {
            _session = null;
            await session.DisposeAsync();
        }
    }
}
