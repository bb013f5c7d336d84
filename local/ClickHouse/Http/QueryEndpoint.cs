using Betting.Local.ClickHouse.Engine;
using Betting.Local.ClickHouse.Queries;

namespace Betting.Local.ClickHouse.Http;

/// <summary>ClickHouse's HTTP interface at <c>/</c>: one request, one query, errors in ClickHouse's form.</summary>
sealed class QueryEndpoint(ChdbEngine engine, QueryRunner runner, ServerOptions options, TimeProvider time, ILogger<QueryEndpoint> logger)
{
    public async Task HandleAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method) && context.Request.Query.Count == 0)
        {
            await context.Response.WriteAsync(HealthEndpoints.Ok, context.RequestAborted);
            return;
        }

        var started = time.GetTimestamp();
        var answer = new Answer(context, engine.Version, () => time.GetElapsedTime(started));
        var queryId = "";
        try
        {
            var request = QueryRequest.Read(context.Request);
            queryId = request.QueryId;
            answer.NameQuery(queryId);
            await AnswerAsync(context, request, answer);
        }
        catch (EngineException) when (context.RequestAborted.IsCancellationRequested)
        {
            ServerLog.ClientGone(logger, queryId);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            ServerLog.ClientGone(logger, queryId);
        }
        catch (EngineException error)
        {
            ServerLog.QueryFailed(logger, queryId, error.Code);
            await answer.FailAsync(error);
        }
        catch (Exception error) when (error is not BadHttpRequestException)
        {
            ServerLog.HostFailed(logger, error, queryId);
            await answer.FailAsync(new EngineException(ErrorCode.UnknownException, $"This host failed: {error.Message}", error));
        }
    }

    async Task AnswerAsync(HttpContext context, QueryRequest request, Answer answer)
    {
        var cancellation = context.RequestAborted;
        if (!FormRequest.Is(context.Request))
        {
            await using var body = RequestBody.Open(context.Request);
            var text = await RequestText.ReadAsync(request.UrlStatement, body, options.MaxStatement, cancellation);
            await runner.RunAsync(request, text, answer, cancellation);
            return;
        }

        request = await FormRequest.ReadAsync(context.Request, request, options.MaxStatement, cancellation);
        var statement = await RequestText.ReadAsync(request.UrlStatement, RequestBody.Empty, options.MaxStatement, cancellation);
        await runner.RunAsync(request, statement, answer, cancellation);
    }
}
