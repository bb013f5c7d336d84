using System.Text.RegularExpressions;
using Betting.CdcSink.ClickHouse;
using ClickHouse.Driver.ADO.Parameters;
using Xunit;

namespace Betting.Tests.CdcSink.Join;

public sealed partial class IdListTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(3_000, 1)]
    [InlineData(3_001, 2)]
    [InlineData(200_000, 67)]
    public void Every_id_is_in_one_parameter_that_fits_into_a_form_field(int count, int expected)
    {
        long[] ids = [.. Enumerable.Range(0, count).Select(each => long.MinValue + each)];
        var parameters = new ClickHouseParameterCollection();

        var sql = IdList.Add(parameters, "ids", ids);

        var lists = parameters.Cast<ClickHouseDbParameter>().ToDictionary(each => each.ParameterName, each => (long[])each.Value!);
        Assert.Equal(expected, lists.Count);
        Assert.Equal(ids, Name().Matches(sql).SelectMany(match => lists[match.Groups[1].Value]));
        Assert.All(lists.Values, list => Assert.InRange(string.Join(',', list).Length + 2, 2, 131_072 / 2));
    }

    [GeneratedRegex(@"\{(ids\d+):Array\(Int64\)\}")]
    private static partial Regex Name();
}
