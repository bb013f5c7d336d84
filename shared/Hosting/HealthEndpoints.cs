using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Betting.Hosting;

/// <summary><c>/health/live</c>, <c>/health/ready</c>, <c>/health/startup</c>: 200 or 503, with a JSON object of reasons.</summary>
static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", (Heartbeats heartbeats, IOptions<HttpOptions> options) =>
        {
            var silent = heartbeats.Silent(options.Value.LivenessLimit);
            return Answer(silent.Count == 0, silent.ToDictionary(loop => loop.Key, loop => $"silent for {loop.Value.TotalSeconds:F0} s"));
        });
        routes.MapGet("/health/ready", (Readiness readiness) => Answer(readiness.IsReady, Reasons(readiness)));
        routes.MapGet("/health/startup", (Readiness readiness) => Answer(readiness.HasStarted, Reasons(readiness)));
    }

    static Dictionary<string, string> Reasons(Readiness readiness) =>
        readiness.States.ToDictionary(state => state.Key, state => state.Value.Detail);

    static IResult Answer(bool healthy, Dictionary<string, string> reasons) =>
        Results.Json(
            new { status = healthy ? "ok" : "unavailable", reasons },
            statusCode: healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable
        );
}
