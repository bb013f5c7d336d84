using Betting.Local.Engines;

namespace Betting.Tests.Fixtures;

/// <summary>The state of a PostgreSQL server at a moment, to which it goes back as after a restore.</summary>
/// <param name="server">Its data is in <c>postgres</c> under the folder.</param>
/// <param name="folder">The server's.</param>
public sealed class DataCopy(PostgresServer server, string folder)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    string Data => Path.Combine(folder, "postgres");

    /// <summary>Stops the server, copies its data and starts it again.</summary>
    public async Task TakeAsync()
    {
        await server.StopAsync();
        await using (
            var copy = EngineProcess.Start("cp", new Launch("cp", ["-a", Data, Data + "-copy"]), Path.Combine(folder, "logs", "cp.log"))
        )
        {
            if (!await copy.ExitedWithinAsync(Limit) || copy.ExitCode != 0)
            {
                throw new EngineException(copy, "did not copy the data");
            }
        }
        await server.StartAsync();
    }

    /// <summary>kill -9 of the server, which goes on with the data of <see cref="TakeAsync"/>.</summary>
    public async Task PutBackAsync()
    {
        await server.KillAsync();
        Directory.Move(Data, Data + "-lost");
        Directory.Move(Data + "-copy", Data);
        await server.StartAsync();
    }
}
