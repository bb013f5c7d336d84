using System.Numerics;
using ClickHouse.Driver;
using ClickHouse.Driver.Numerics;
using Xunit;

namespace Betting.Tests.Local.ClickHouse;

[Collection(ClickHouseTests.Name)]
public sealed class ParameterTests(ClickHouseHost host)
{
    readonly ClickHouseProcess _server = host.Server;

    public static TheoryData<string, object> Values =>
        new()
        {
            { "UInt64", ulong.MaxValue },
            { "UInt64", 0UL },
            { "Int64", long.MinValue },
            { "Int64", long.MaxValue },
            { "Decimal(14,2)", 999_999_999_999.99m },
            { "Decimal(12,2)", -0.01m },
            { "Nullable(Int64)", 7L },
            { "DateTime64(6, 'UTC')", new DateTime(2026, 8, 1, 12, 34, 56, DateTimeKind.Utc).AddTicks(1_234_560) },
            { "UInt128", (BigInteger.One << 127) + 12345 },
            { "UInt8", (byte)255 },
            { "Bool", true },
            { "UUID", Guid.Parse("0193e0c4-0000-7000-8000-00000000abcd") },
        };

    [Theory]
    [MemberData(nameof(Values))]
    public async Task A_value_comes_back_as_it_went(string type, object value)
    {
        object back = (await _server.Client.ExecuteScalarAsync($"SELECT {{p:{type}}}", ClickHouseProcess.Parameters(("p", value))))!;

        Assert.Equal(value, back is ClickHouseDecimal number ? (decimal)number : back);
    }

    [Theory]
    [InlineData("")]
    [InlineData("it's \\ \"quoted\" `so`")]
    [InlineData("tab\t line\n return\r nul\0 bell\a backspace\b end")]
    [InlineData("\\N")]
    [InlineData("\\t \\n \\\\")]
    [InlineData("'; DROP TABLE users; --")]
    [InlineData("{p:String} {{}} %20 + & = ? #")]
    [InlineData("naïve — żółć — 😀 — \u202e")]
    [InlineData("NULL")]
    public async Task A_text_of_awkward_characters_comes_back_as_it_went(string text)
    {
        Assert.Equal(text, await _server.Client.ExecuteScalarAsync("SELECT {p:String}", ClickHouseProcess.Parameters(("p", text))));
        using var form = Forms();
        Assert.Equal(text, await form.ExecuteScalarAsync("SELECT {p:String}", ClickHouseProcess.Parameters(("p", text))));
    }

    [Fact]
    public async Task Null_is_null()
    {
        Assert.Equal(1, await _server.ScalarAsync<int>("SELECT {p:Nullable(String)} IS NULL", ("p", null)));
        Assert.Equal(1, await _server.ScalarAsync<int>("SELECT {p:Nullable(DateTime64(6, 'UTC'))} IS NULL", ("p", null)));
    }

    [Fact]
    public async Task An_array_of_ids_as_long_as_a_field_may_be_goes_in_a_form()
    {
        var ids = Enumerable.Range(0, 6_000).Select(index => ulong.MaxValue - (ulong)index).ToArray();
        using var form = Forms();

        var back = (ulong[])(await form.ExecuteScalarAsync("SELECT {ids:Array(UInt64)}", ClickHouseProcess.Parameters(("ids", ids))))!;

        Assert.Equal(ids, back);
    }

    /// <summary>By arrayJoin: with an array of more than about 131,000 ids the engine takes minutes over a plain IN.</summary>
    [Fact]
    public async Task Two_hundred_thousand_ids_in_several_parameters_filter_a_table()
    {
        var parts = Enumerable.Range(0, 200_000).Select(index => 1_000_000_000_000UL + (ulong)index * 3).Chunk(5_000).ToArray();
        using var form = Forms();

        object count = (
            await form.ExecuteScalarAsync(
                "SELECT count() FROM (SELECT 1000000000000 + number AS id FROM numbers(900000)) "
                    + $"WHERE id IN (SELECT "
                    + $"arrayJoin(arrayConcat({string.Join(", ", parts.Select((_, part) => $"{{ids{part}:Array(UInt64)}}"))})))",
                ClickHouseProcess.Parameters([.. parts.Select((ids, part) => ($"ids{part}", (object?)ids))])
            )
        )!;

        Assert.Equal(200_000UL, count);
    }

    [Fact]
    public async Task A_value_that_does_not_fit_its_type_is_an_error()
    {
        var error = await Assert.ThrowsAsync<ClickHouseServerException>(() =>
            _server.Client.ExecuteScalarAsync("SELECT {p:UInt8}", ClickHouseProcess.Parameters(("p", "many")))
        );

        Assert.Equal(457, error.ErrorCode);
    }

    [Fact]
    public async Task A_parameter_that_was_not_given_is_an_error()
    {
        var error = await Assert.ThrowsAsync<ClickHouseServerException>(() => _server.Client.ExecuteScalarAsync("SELECT {p:UInt8}"));

        Assert.Equal(456, error.ErrorCode);
    }

    ClickHouseClient Forms() => new(_server.Settings + ";UseFormDataParameters=true");
}
