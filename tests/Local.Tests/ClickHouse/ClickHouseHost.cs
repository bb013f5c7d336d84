using Xunit;

namespace Betting.Tests.Local.ClickHouse;

/// <summary>One process for all tests that do not end it.</summary>
public sealed class ClickHouseHost : IAsyncLifetime
{
    readonly string _folder = Directory.CreateTempSubdirectory("local-clickhouse-").FullName;

    public ClickHouseProcess Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await ClickHouseProcess.StartAsync(_folder, "--max-body", "100000000");

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

[CollectionDefinition(Name)]
public sealed class ClickHouseTests : ICollectionFixture<ClickHouseHost>
{
    public const string Name = "LocalClickHouse";
}
