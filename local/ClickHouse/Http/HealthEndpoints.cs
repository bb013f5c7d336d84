namespace Betting.Local.ClickHouse.Http;

/// <summary>The addresses that tell whether the server is up. There is no replica here, so none can lag.</summary>
static class HealthEndpoints
{
    public const string Ok = "Ok.\n";

    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/ping", () => Ok);
        app.MapGet("/replicas_status", () => Ok);
    }
}
