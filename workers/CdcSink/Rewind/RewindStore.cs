using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;
using Confluent.Kafka;

namespace Betting.CdcSink.Rewind;

/// <summary>Orders to rewind, in ClickHouse: any replica can see them, and they outlive everybody who reads them.</summary>
public sealed class RewindStore(ClickHouseClient client)
{
    public async Task OrderAsync(RewindOrder order, string group, CancellationToken cancellation)
    {
        const string Sql = """
            INSERT INTO rewinds (id, consumer_group, topic, partition, offset, forward, ordered_at, begun, begun_at, begun_from)
            SELECT {id:UUID}, {group:String}, {topic:String}, {partition:Int32}, {offset:Int64}, {forward:Bool},
                {ordered:DateTime64(6, 'UTC')}, 0, toDateTime64(0, 6), 0
            """;
        await client.ExecuteNonQueryAsync(Sql, Parameters(order, group), cancellationToken: cancellation);
    }

    /// <summary>After this nobody obeys the order again.</summary>
    /// <param name="order">The order.</param>
    /// <param name="group">The consumer group it was given to.</param>
    /// <param name="from">Where the partition stood.</param>
    /// <param name="cancellation">Leaves the order open.</param>
    public async Task MarkBegunAsync(RewindOrder order, string group, long from, CancellationToken cancellation)
    {
        const string Sql = """
            INSERT INTO rewinds (id, consumer_group, topic, partition, offset, forward, ordered_at, begun, begun_at, begun_from)
            SELECT {id:UUID}, {group:String}, {topic:String}, {partition:Int32}, {offset:Int64}, {forward:Bool},
            {ordered:DateTime64(6, 'UTC')}, 1, now64(6), {from:Int64}
            """;
        var parameters = Parameters(order, group);
        parameters.AddParameter("from", from);
        await client.ExecuteNonQueryAsync(Sql, parameters, cancellationToken: cancellation);
    }

    /// <summary>Orders that nobody has obeyed yet, oldest first.</summary>
    public async Task<List<RewindOrder>> OpenAsync(string group, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("group", group);
        const string Sql = """
            SELECT id, toString(topic), partition, offset, forward, ordered_at
            FROM rewinds FINAL
            WHERE consumer_group = {group:String} AND begun = 0
            ORDER BY ordered_at, id
            """;
        var open = new List<RewindOrder>();
        await using var rows = await client.ExecuteReaderAsync(Sql, parameters, cancellationToken: cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            open.Add(
                new RewindOrder(
                    rows.GetGuid(0),
                    new TopicPartition(rows.GetString(1), rows.GetInt32(2)),
                    rows.GetInt64(3),
                    rows.GetBoolean(4),
                    rows.GetDateTime(5)
                )
            );
        }
        return open;
    }

    static ClickHouseParameterCollection Parameters(RewindOrder order, string group)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("id", order.Id);
        parameters.AddParameter("group", group);
        parameters.AddParameter("topic", order.Partition.Topic);
        parameters.AddParameter("partition", order.Partition.Partition.Value);
        parameters.AddParameter("offset", order.Offset);
        parameters.AddParameter("forward", order.Forward);
        parameters.AddParameter("ordered", order.OrderedAt);
        return parameters;
    }
}
