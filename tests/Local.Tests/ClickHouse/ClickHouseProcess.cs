using System.Globalization;
using System.Net.Http.Headers;
using Betting.Local.Engines;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;

namespace Betting.Tests.Local.ClickHouse;

/// <summary>LocalClickHouse as a child process, with the driver and plain HTTP as its clients.</summary>
public sealed class ClickHouseProcess : IAsyncDisposable
{
    static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    readonly EngineProcess _process;

    ClickHouseProcess(EngineProcess process, Uri url)
    {
        _process = process;
        Http = new HttpClient { BaseAddress = url };
        Settings = $"Host=127.0.0.1;Port={url.Port};Database=default;Username=default";
        Client = new ClickHouseClient(Settings);
    }

    public string Settings { get; }

    public ClickHouseClient Client { get; }

    public HttpClient Http { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public static EngineProcess Launch(string folder, params string[] arguments)
    {
        string data = Path.Combine(folder, "data");
        string[] port = arguments.Contains("--port") ? [] : ["--port", "0"];
        var launch = Installed.Own("local/ClickHouse", "LocalClickHouse", [.. port, "--path", data, .. arguments]);
        return EngineProcess.Start("LocalClickHouse", launch, Path.Combine(folder, $"{Guid.NewGuid():N}.log"));
    }

    public static async Task<ClickHouseProcess> StartAsync(string folder, params string[] arguments)
    {
        var process = Launch(folder, arguments);
        return new ClickHouseProcess(process, new Uri(await process.AnnouncedAsync("CLICKHOUSE_URL", StartLimit)));
    }

    /// <summary>The first value of the first row.</summary>
    public async Task<T> ScalarAsync<T>(string sql, params (string Name, object? Value)[] parameters) =>
        (T)Convert.ChangeType(await Client.ExecuteScalarAsync(sql, Parameters(parameters)), typeof(T), CultureInfo.InvariantCulture)!;

    public Task ExecuteAsync(string sql) => Client.ExecuteNonQueryAsync(sql);

    public static ClickHouseParameterCollection Parameters(params (string Name, object? Value)[] parameters)
    {
        var collection = new ClickHouseParameterCollection();
        foreach (var (name, value) in parameters)
            collection.Add(new ClickHouseDbParameter { ParameterName = name, Value = value });
        return collection;
    }

    /// <summary>A statement as the body of a POST.</summary>
    public Task<HttpResponseMessage> PostAsync(string sql, string query = "") => Http.PostAsync($"/?{query}", new StringContent(sql));

    /// <summary>An INSERT in the URL with its rows as the body.</summary>
    public async Task<HttpResponseMessage> InsertAsync(string sql, byte[] rows, string? encoding = null)
    {
        using var content = new ByteArrayContent(rows);
        if (encoding is not null)
            content.Headers.ContentEncoding.Add(encoding);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/?query={Uri.EscapeDataString(sql)}") { Content = content };
        // So that a refusal is read before the connection breaks under what is still being sent.
        request.Headers.ExpectContinue = rows.Length > 1 << 20;
        return await Http.SendAsync(request);
    }

    /// <summary>ClickHouse's code in an answer; 0 for none.</summary>
    public static int CodeOf(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("X-ClickHouse-Exception-Code", out var values)
            ? int.Parse(values.Single(), CultureInfo.InvariantCulture)
            : 0;

    /// <summary>Resident memory in bytes.</summary>
    public long Memory() =>
        long.Parse(
            File.ReadLines($"/proc/{Id}/status")
                .Single(line => line.StartsWith("VmRSS", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        ) * 1024;

    public Task KillAsync() => _process.KillAsync();

    public Task<bool> StopAsync() => _process.StopAsync(TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Http.Dispose();
        await _process.KillAsync();
        await _process.DisposeAsync();
    }
}
