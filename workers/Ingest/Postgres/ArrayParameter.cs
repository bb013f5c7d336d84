using Npgsql;
using NpgsqlTypes;

namespace Betting.Ingest.Postgres;

/// <summary>Columns of a batch as typed array parameters, so that one statement takes any number of rows.</summary>
static class ArrayParameter
{
    public static NpgsqlParameter Ids(IEnumerable<long> values) => Of(NpgsqlDbType.Bigint, values);

    public static NpgsqlParameter Integers(IEnumerable<int> values) => Of(NpgsqlDbType.Integer, values);

    public static NpgsqlParameter OptionalIds(IEnumerable<long?> values) => Of(NpgsqlDbType.Bigint, values);

    public static NpgsqlParameter Uuids(IEnumerable<Guid> values) => Of(NpgsqlDbType.Uuid, values);

    public static NpgsqlParameter Texts(IEnumerable<string?> values) => Of(NpgsqlDbType.Text, values);

    public static NpgsqlParameter Hashes(IEnumerable<byte[]> values) => Of(NpgsqlDbType.Bytea, values);

    public static NpgsqlParameter Amounts(IEnumerable<decimal?> values) => Of(NpgsqlDbType.Numeric, values);

    public static NpgsqlParameter Moments(IEnumerable<DateTime?> values) => Of(NpgsqlDbType.TimestampTz, values);

    static NpgsqlParameter<T[]> Of<T>(NpgsqlDbType type, IEnumerable<T> values) =>
        new() { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };
}
