using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;

namespace Betting.Local.Kafka;

/// <summary>Answers the request DescribeConfigs, versions 0 and 1, for topics.</summary>
/// <remarks>
/// The mock cluster does not know this request. Its table of handlers is a read-only constant of the library, one entry of 16 bytes for
/// each kind of request (lowest version, highest version, lowest flexible version, function); the entry of this one is filled before the
/// first cluster is made. The handler gets librdkafka's own connection and request and uses librdkafka's own functions to read and answer.
/// </remarks>
static unsafe class DescribeConfigs
{
    /// <summary>Its number in the protocol.</summary>
    public const short Key = 32;

    // Where librdkafka 2.16 keeps these in a request or an answer (rd_kafka_buf_t).
    const int Answer = 0x28,
        Reader = 0x78,
        Version = 0xBA;
    const int EntrySize = 16;
    const byte Topic = 2;

    static readonly string[] Symbols =
    [
        "rd_kafka_mock_api_handlers",
        "rd_kafka_mock_buf_new_response",
        "rd_kafka_mock_next_request_error",
        "rd_kafka_mock_connection_send_response0",
        "rd_slice_read",
        "rd_buf_write",
    ];

    static delegate* unmanaged<nint, nint> _newResponse;
    static delegate* unmanaged<nint, nint, int> _nextError;
    static delegate* unmanaged<nint, nint, int, void> _send;
    static delegate* unmanaged<nint, void*, nuint, nuint> _read;
    static delegate* unmanaged<nint, void*, nuint, nuint> _write;

    /// <summary>To be called before a cluster is made. With another librdkafka than 2.16 the request stays unknown.</summary>
    public static void Install(string libraryPath)
    {
        if (_send is not null || Library.Version >> 16 != 0x0210 || LibrarySymbols.Find(libraryPath, Symbols) is not { } found)
            return;
        _newResponse = (delegate* unmanaged<nint, nint>)found[1];
        _nextError = (delegate* unmanaged<nint, nint, int>)found[2];
        _send = (delegate* unmanaged<nint, nint, int, void>)found[3];
        _read = (delegate* unmanaged<nint, void*, nuint, nuint>)found[4];
        _write = (delegate* unmanaged<nint, void*, nuint, nuint>)found[5];
        Span<byte> entry = stackalloc byte[EntrySize];
        entry.Clear();
        entry[2] = 1;
        BinaryPrimitives.WriteInt16LittleEndian(entry[4..], -1);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], (nint)(delegate* unmanaged<nint, nint, int>)&Handle);
        LibraryMemory.Write(found[0] + (Key * EntrySize), entry);
    }

    // On the cluster's own thread. A request that cannot be read ends its connection, as with the mock cluster's other handlers.
    [UnmanagedCallersOnly]
    static int Handle(nint connection, nint request)
    {
        nint reader = request + Reader;
        short version = *(short*)(request + Version);
        if (!TryReadInt(reader, out int count))
            return -1;
        var asked = new List<(byte Kind, string Name, HashSet<string>? Only)>();
        for (int each = 0; each < count; each++)
        {
            if (!TryReadByte(reader, out byte kind) || !TryReadText(reader, out string name))
                return -1;
            if (!TryReadInt(reader, out int names))
                return -1;
            HashSet<string>? only = names < 0 ? null : new(StringComparer.Ordinal);
            for (int index = 0; index < names; index++)
            {
                if (!TryReadText(reader, out string setting))
                    return -1;
                only!.Add(setting);
            }
            asked.Add((kind, name, only));
        }

        nint response = _newResponse(request);
        byte[] body = Body(asked, version, (short)_nextError(connection, response));
        fixed (byte* first = body)
            _write(response + Answer, first, (nuint)body.Length);
        _send(connection, response, 0);
        return 0;
    }

    static byte[] Body(List<(byte Kind, string Name, HashSet<string>? Only)> asked, short version, short refused)
    {
        var answer = new ProtocolWriter();
        answer.Int(0).Int(asked.Count);
        foreach (var (kind, name, only) in asked)
        {
            var all = kind == Topic && refused == 0 ? TopicSettings.Of(name) : null;
            var settings = all?.Where(setting => only?.Contains(setting.Name) ?? true).ToList();
            short error =
                refused != 0 ? refused
                : settings is null ? (short)ErrorCode.UnknownTopicOrPart
                : (short)0;
            answer.Short(error).Text(null).Byte(kind).Text(name).Int(settings?.Count ?? 0);
            foreach (var (setting, value, isSet) in settings ?? [])
            {
                // The source: 1 set for the topic, 5 Kafka's default; before version 1 whether it is the default.
                answer
                    .Text(setting)
                    .Text(value)
                    .Byte(0)
                    .Byte(
                        (byte)(
                            version >= 1
                                ? isSet
                                    ? 1
                                    : 5
                                : isSet
                                    ? 0
                                    : 1
                        )
                    )
                    .Byte(0);
                if (version >= 1)
                    answer.Int(0);
            }
        }
        return answer.ToArray();
    }

    static bool TryReadByte(nint reader, out byte value)
    {
        byte read = 0;
        bool isThere = _read(reader, &read, 1) == 1;
        value = read;
        return isThere;
    }

    static bool TryReadInt(nint reader, out int value)
    {
        int read = 0;
        bool isThere = _read(reader, &read, 4) == 4;
        value = BinaryPrimitives.ReverseEndianness(read);
        return isThere;
    }

    static bool TryReadText(nint reader, out string value)
    {
        value = "";
        short length = 0;
        if (_read(reader, &length, 2) != 2)
            return false;
        byte[] bytes = new byte[Math.Max((short)0, BinaryPrimitives.ReverseEndianness(length))];
        if (bytes.Length == 0)
            return true;
        fixed (byte* first = bytes)
        {
            if (_read(reader, first, (nuint)bytes.Length) != (nuint)bytes.Length)
                return false;
        }
        value = Encoding.UTF8.GetString(bytes);
        return true;
    }
}
