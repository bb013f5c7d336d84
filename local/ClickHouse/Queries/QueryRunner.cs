using Betting.Local.ClickHouse.Engine;
using Betting.Local.ClickHouse.Http;
using Betting.Local.ClickHouse.Sql;

namespace Betting.Local.ClickHouse.Queries;

/// <summary>
/// Runs a query from its turn to its last byte: a place, a connection with the request's settings, the right way to run it.
/// </summary>
sealed class QueryRunner(
    ChdbEngine engine,
    QueryGate gate,
    RunningQueries running,
    SessionStore sessions,
    ServerOptions options,
    TimeProvider time,
    ILogger<QueryRunner> logger
)
{
    static readonly TimeSpan CancelTimeout = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <exception cref="EngineException">The query failed.</exception>
    public async Task RunAsync(QueryRequest request, RequestText text, Answer answer, CancellationToken cancellation)
    {
        using var id = running.Enter(request.QueryId);
        using var place = await gate.EnterAsync(cancellation);
        if (request.SessionId.Length == 0)
        {
            // A connection a query: what one sets, or leaves behind when it fails, never reaches another.
            using var connection = await Task.Run(() => engine.Connect(request.QueryId), CancellationToken.None);
            await RunOnAsync(connection, request, text, answer, cancellation);
            return;
        }

        var session = sessions.Acquire(request);
        try
        {
            await RunOnAsync(session.Connection, request, text, answer, cancellation);
        }
        catch (EngineException)
        {
            // What a failed query had written already would come out at the head of the session's next result.
            await Task.Run(() => session.Connection.Execute("SELECT 1"), CancellationToken.None);
            throw;
        }
        finally
        {
            sessions.Release(request, session);
        }
    }

    /// <summary>Ends what is still under way after the web server has stopped, so that the engine can be closed.</summary>
    public async Task StopAsync()
    {
        if (running.IsEmpty)
            return;

        ServerLog.CancellingAll(logger, options.StopTimeout.TotalSeconds);
        running.CancelAll();
        var since = time.GetTimestamp();
        while (!running.IsEmpty && time.GetElapsedTime(since) < CancelTimeout)
            await Task.Delay(Look, time, CancellationToken.None);
    }

    async Task RunOnAsync(
        EngineConnection connection,
        QueryRequest request,
        RequestText text,
        Answer answer,
        CancellationToken cancellation
    )
    {
        await Task.Run(() => Prepare(connection, request), CancellationToken.None);
        var format = text.Statement.Format ?? request.DefaultFormat;
        switch (text.Statement.Kind)
        {
            case StatementKind.InsertData:
                await InsertRun.RunAsync(connection, request, text, answer, cancellation);
                break;
            case StatementKind.Select:
                using (cancellation.Register(() => CancelSoon(request.QueryId)))
                    await SelectRun.RunAsync(connection, request, text.Text, format, answer, cancellation);
                break;
            default:
                // A change is not cancelled when its client goes: as with ClickHouse it runs to its end.
                using (
                    var result = await Task.Run(() => connection.Query(text.Text.Span, format, request.Parameters), CancellationToken.None)
                )
                {
                    answer.NameFormat(format);
                    await answer.WriteWholeAsync(result.Memory, result.Statistics);
                }

                break;
        }
    }

    static void Prepare(EngineConnection connection, QueryRequest request)
    {
        if (request.Database.Length > 0)
            connection.Execute($"USE {SqlLiteral.Name(request.Database)}");

        var settings = request.Settings.Select(each => $"{SettingName.Check(each.Key)} = {SqlLiteral.Of(each.Value)}");
        if (request.SessionId.Length > 0)
            settings = settings.Append($"log_comment = {SqlLiteral.Of(request.QueryId)}");
        var assignments = string.Join(", ", settings);
        if (assignments.Length > 0)
            connection.Execute($"SET {assignments}");
        // What is set in a session stays set, so a session is left as it is.
        if (request.IsReadOnly && request.SessionId.Length == 0)
            connection.Execute("SET readonly = 2");
    }

    void CancelSoon(string queryId) =>
        _ = Task.Run(() =>
        {
            try
            {
                running.Cancel(queryId);
            }
            catch (EngineException error)
            {
                ServerLog.CancelFailed(logger, error, queryId);
            }
        });
}
