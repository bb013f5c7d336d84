using System.Text.Json;
using Betting.Connections;
using Xunit;

namespace Betting.Tests.CdcSink.Lag;

/// <summary>What Kafka Connect answers to <c>GET /connectors/NAME/offsets</c>, as Debezium 2.4 and 3.6 fill it.</summary>
public sealed class ConnectOffsetsTests
{
    [Theory]
    [InlineData(
        """{"offsets":[{"partition":{"server":"betting"},"offset":{"transaction_id":null,"lsn_proc":26852680,"messageType":"INSERT","lsn_commit":26852500,"lsn":26852680,"txId":745,"ts_usec":1}}]}""",
        26852680UL
    )]
    [InlineData(
        """{"offsets":[{"partition":{"server":"former"},"offset":{"lsn":9}},{"partition":{"server":"betting"},"offset":{"lsn":4}}]}""",
        4UL
    )]
    [InlineData(
        """{"offsets":[{"partition":{"server":"betting"},"offset":{"snapshot":"INITIAL","snapshot_completed":false,"lsn":26852680}}]}""",
        null
    )]
    [InlineData(
        """{"offsets":[{"partition":{"server":"betting"},"offset":{"snapshot":"INITIAL","snapshot_completed":true,"lsn":26852680}}]}""",
        26852680UL
    )]
    [InlineData(
        """{"offsets":[{"partition":{"server":"betting"},"offset":{"snapshot":true,"last_snapshot_record":false,"lsn":26852680}}]}""",
        null
    )]
    [InlineData(
        """{"offsets":[{"partition":{"server":"betting"},"offset":{"lsn_proc":20,"last_snapshot_record":false,"messageType":"COMMIT","lsn_commit":20,"lsn":24,"ts_usec":1,"snapshot":"BLOCKING","snapshot_completed":false}}]}""",
        null
    )]
    [InlineData(
        """{"offsets":[{"partition":{"server":"betting"},"offset":{"lsn_proc":136924240,"last_snapshot_record":false,"messageType":"COMMIT","lsn_commit":136924240,"lsn":136924240,"snapshot":"BLOCKING","snapshot_completed":false}}]}""",
        136924240UL
    )]
    [InlineData("""{"offsets":[{"partition":{"server":"betting"},"offset":null}]}""", null)]
    [InlineData("""{"offsets":[{"partition":{"server":"betting"},"offset":{"lsn":-5}}]}""", null)]
    [InlineData("""{"offsets":[]}""", null)]
    public void Only_a_position_behind_the_snapshot_of_the_connector_counts(string answer, ulong? lsn) =>
        Assert.Equal(lsn, ConnectOffsets.Stored(JsonDocument.Parse(answer).RootElement, "betting").Lsn);

    [Theory]
    [InlineData("""{"error_code":404,"message":"Connector not found"}""")]
    [InlineData("[]")]
    [InlineData("null")]
    public void What_is_no_answer_of_Connect_is_an_error(string answer) =>
        Assert.Throws<JsonException>(() => ConnectOffsets.Stored(JsonDocument.Parse(answer).RootElement, "betting"));

    [Theory]
    [InlineData("""{"offsets":[]}""", false)]
    [InlineData("""{"offsets":[{"partition":{"server":"former"},"offset":{"lsn":9}}]}""", false)]
    [InlineData("""{"offsets":[{"partition":{"server":"betting"},"offset":null}]}""", false)]
    [InlineData(
        """{"offsets":[{"partition":{"server":"betting"},"offset":{"snapshot":"INITIAL","snapshot_completed":false,"lsn":1}}]}""",
        true
    )]
    [InlineData("""{"offsets":[{"partition":{"server":"betting"},"offset":{"lsn":4}}]}""", true)]
    public void A_connector_that_takes_its_snapshot_has_a_position_and_another_connector_has_none(string answer, bool isThere) =>
        Assert.Equal(isThere, ConnectOffsets.Stored(JsonDocument.Parse(answer).RootElement, "betting").IsThere);
}
