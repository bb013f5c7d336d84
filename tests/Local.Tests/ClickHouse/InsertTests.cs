using System.IO.Compression;
using System.Net;
using System.Text;
using ClickHouse.Driver;
using ClickHouse.Driver.Compression;
using Xunit;

namespace Betting.Tests.Local.ClickHouse;

[Collection(ClickHouseTests.Name)]
public sealed class InsertTests(ClickHouseHost host)
{
    static readonly string[] Columns = ["id", "name", "amount", "at", "until", "version"];
    static readonly DateTime Start = new(2026, 8, 1, 0, 0, 0, DateTimeKind.Utc);
    readonly ClickHouseProcess _server = host.Server;
    readonly string _table = $"t_{Guid.NewGuid():N}";

    public static TheoryData<string, InsertQueryPlacement> Ways =>
        new()
        {
            { "zstd", InsertQueryPlacement.Body },
            { "zstd", InsertQueryPlacement.Url },
            { "gzip", InsertQueryPlacement.Body },
            { "gzip", InsertQueryPlacement.Url },
            { "none", InsertQueryPlacement.Body },
            { "none", InsertQueryPlacement.Url },
        };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Rows_of_the_driver_arrive_with_every_compression_and_placement(string compression, InsertQueryPlacement placement)
    {
        await CreateAsync();
        var options = new InsertOptions
        {
            BatchSize = 10_000,
            QueryPlacement = placement,
            Compressor = Compressor(compression),
        };

        await _server.Client.InsertBinaryAsync(_table, Columns, Rows(25_000), options, TestContext.Current.CancellationToken);

        Assert.Equal(25_000UL, await _server.ScalarAsync<ulong>($"SELECT uniqExact(id) FROM {_table}"));
        Assert.Equal("row\n\n7, 'x'", await _server.ScalarAsync<string>($"SELECT name FROM {_table} WHERE id = 7"));
        Assert.Equal(0.07m, await _server.ScalarAsync<decimal>($"SELECT amount FROM {_table} WHERE id = 7"));
        Assert.Equal(12_500UL, await _server.ScalarAsync<ulong>($"SELECT countIf(until IS NULL) FROM {_table}"));
        Assert.Equal(
            "340282366920938463463374607431768211455",
            await _server.ScalarAsync<string>($"SELECT toString(max(version)) FROM {_table}")
        );
    }

    [Fact]
    public async Task Rows_in_several_batches_at_a_time_all_arrive()
    {
        await CreateAsync();
        var options = new InsertOptions { BatchSize = 5_000, MaxDegreeOfParallelism = 4 };

        await _server.Client.InsertBinaryAsync(_table, Columns, Rows(50_000), options, TestContext.Current.CancellationToken);

        Assert.Equal(50_000UL, await _server.ScalarAsync<ulong>($"SELECT uniqExact(id) FROM {_table}"));
    }

    [Fact]
    public async Task The_summary_counts_the_written_rows()
    {
        await CreateAsync();

        using var answer = await _server.InsertAsync($"INSERT INTO {_table} (id, name) FORMAT TSV", "1\ta\n2\tb\n3\tc\n"u8.ToArray());

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("\"written_rows\":\"3\"", answer.Headers.GetValues("X-ClickHouse-Summary").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_rows_are_no_error()
    {
        await CreateAsync();

        using var inUrl = await _server.InsertAsync($"INSERT INTO {_table} (id) FORMAT RowBinary", []);
        using var inBody = await _server.PostAsync($"INSERT INTO {_table} (id) FORMAT RowBinary\n");
        await _server.Client.InsertBinaryAsync(_table, Columns, [], new InsertOptions(), TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (inUrl.StatusCode, inBody.StatusCode));
        Assert.Equal(0UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM {_table}"));
    }

    [Fact]
    public async Task Malformed_rows_are_an_error_and_nothing_of_their_block_is_kept()
    {
        await CreateAsync();

        using var cut = await _server.InsertAsync($"INSERT INTO {_table} (id) FORMAT RowBinary", [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0]);
        using var text = await _server.InsertAsync($"INSERT INTO {_table} (id) FORMAT TSV", "1\ntwo\n"u8.ToArray());
        using var column = await _server.InsertAsync($"INSERT INTO {_table} (nope) FORMAT TSV", "1\n"u8.ToArray());

        Assert.Equal((33, 27, 16), (ClickHouseProcess.CodeOf(cut), ClickHouseProcess.CodeOf(text), ClickHouseProcess.CodeOf(column)));
        Assert.Equal(0UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM {_table}"));
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("gzip")]
    public async Task A_body_that_breaks_off_within_its_compression_is_an_error(string encoding)
    {
        await CreateAsync();
        byte[] rows = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 20_000).Select(index => $"{index * 7919 % 100_003}\n")));
        byte[] packed = Pack(encoding, rows);

        using var whole = await _server.InsertAsync($"INSERT INTO {_table} (id) FORMAT TSV", packed, encoding);
        using var cut = await _server.InsertAsync($"INSERT INTO {_table} (id) FORMAT TSV", packed[..(packed.Length / 2)], encoding);

        Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
        Assert.Equal(271, ClickHouseProcess.CodeOf(cut));
        Assert.Equal(20_000UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM {_table}"));
    }

    [Fact]
    public async Task A_client_that_goes_away_leaves_no_rows()
    {
        await CreateAsync();
        using var gone = new CancellationTokenSource();
        using var content = new EndlessRows(() => gone.Cancel());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            _server.Http.PostAsync($"/?query={Uri.EscapeDataString($"INSERT INTO {_table} (id) FORMAT TSV")}", content, gone.Token)
        );

        await Eventually.TrueAsync(
            async () =>
                await _server.ScalarAsync<ulong>(
                    $"SELECT count() FROM system.processes WHERE query_kind = 'Insert' AND query LIKE '%{_table}%'"
                ) == 0,
            "the insert ends"
        );
        Assert.Equal(0UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM {_table}"));
    }

    [Fact]
    public async Task Settings_of_an_insert_are_used()
    {
        await CreateAsync();
        byte[] rows = "1\t2026-01-01 00:00:00\n2\t2026-02-01 00:00:00\n"u8.ToArray();

        using var refused = await _server.InsertAsync(
            $"INSERT INTO {_table} (id, at) SETTINGS max_partitions_per_insert_block = 1 FORMAT TSV",
            rows
        );
        using var unknown = await _server.InsertAsync($"INSERT INTO {_table} (id, at) SETTINGS no_such_setting = 1 FORMAT TSV", rows);
        using var taken = await _server.InsertAsync(
            $"INSERT INTO {_table} (id, at) SETTINGS max_partitions_per_insert_block = 2 FORMAT TSV",
            rows
        );

        Assert.Equal(
            (252, 115, 0),
            (ClickHouseProcess.CodeOf(refused), ClickHouseProcess.CodeOf(unknown), ClickHouseProcess.CodeOf(taken))
        );
        Assert.Equal(2UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM {_table}"));
    }

    [Fact]
    public async Task Values_take_expressions_and_parameters()
    {
        await CreateAsync();

        await _server.Client.ExecuteNonQueryAsync(
            $"INSERT INTO {_table} (id, name) VALUES (1, 'semi;colon'), (1 + 1, upper('b')), ({{id:UInt64}}, {{name:String}})",
            ClickHouseProcess.Parameters(("id", 3UL), ("name", "it's"))
        );

        Assert.Equal(
            "semi;colon|B|it's",
            await _server.ScalarAsync<string>($"SELECT arrayStringConcat(groupArray(name), '|') FROM (SELECT * FROM {_table} ORDER BY id)")
        );
    }

    [Fact]
    public async Task Many_values_in_one_statement_all_arrive()
    {
        await CreateAsync();
        string values = string.Join(',', Enumerable.Range(0, 100_000).Select(index => $"({index},'row;{index}')"));

        await _server.ExecuteAsync($"INSERT INTO {_table} (id, name) VALUES {values};");

        Assert.Equal(100_000UL, await _server.ScalarAsync<ulong>($"SELECT uniqExact(name) FROM {_table}"));
    }

    [Fact]
    public async Task Rows_of_a_select_arrive()
    {
        await CreateAsync();

        using var answer = await _server.PostAsync($"INSERT INTO {_table} (id, name) SELECT number, toString(number) FROM numbers(1000)");

        Assert.Contains("\"written_rows\":\"1000\"", answer.Headers.GetValues("X-ClickHouse-Summary").Single(), StringComparison.Ordinal);
        Assert.Equal(1000UL, await _server.ScalarAsync<ulong>($"SELECT count() FROM {_table}"));
    }

    [Fact]
    public async Task A_body_larger_than_allowed_is_refused()
    {
        await CreateAsync();

        using var answer = await _server.InsertAsync($"INSERT INTO {_table} (name) FORMAT RowBinary", new byte[100_000_001]);

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, 229), (answer.StatusCode, ClickHouseProcess.CodeOf(answer)));
    }

    Task CreateAsync() =>
        _server.ExecuteAsync(
            $"""
            CREATE TABLE {_table}
            (
                id UInt64, name String, amount Decimal(12, 2), at DateTime64(6, 'UTC'), until Nullable(DateTime64(6, 'UTC')),
                    version UInt128
            )
            ENGINE = ReplacingMergeTree(version) PARTITION BY toYYYYMM(at) ORDER BY id
            """
        );

    static IEnumerable<object?[]> Rows(int count)
    {
        for (int index = 0; index < count; index++)
        {
            var at = Start.AddSeconds(index);
            yield return
            [
                (ulong)index,
                $"row\n\n{index}, 'x'",
                index / 100m,
                at,
                index % 2 == 0 ? null : at.AddMinutes(7),
                (System.Numerics.BigInteger.One << 128) - 1,
            ];
        }
    }

    static IClickHouseCompressor? Compressor(string name) =>
        name switch
        {
            "zstd" => ZstdCompressor.Default,
            "gzip" => GZipCompressor.Default,
            _ => null,
        };

    static byte[] Pack(string encoding, byte[] rows)
    {
        using var packed = new MemoryStream();
        using (
            Stream packing = encoding == "gzip" ? new GZipStream(packed, CompressionLevel.Fastest) : new ZstdSharp.CompressionStream(packed)
        )
            packing.Write(rows);
        return packed.ToArray();
    }

    /// <summary>Sends rows, and calls back when some are on their way.</summary>
    sealed class EndlessRows(Action onTheWay) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            byte[] rows = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("1\n", 50_000)));
            for (int index = 0; ; index++)
            {
                await stream.WriteAsync(rows);
                await stream.FlushAsync();
                if (index == 5)
                    onTheWay();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
