using System.Buffers.Binary;
using System.Text;
using Betting.Local.Capture.Source;

namespace Betting.Local.Capture.PgOutput;

/// <summary>Reads messages of the pgoutput plugin, protocol version 1 (PostgreSQL manual, "Logical Replication Message Formats").</summary>
public ref struct PgOutputParser
{
    const long MicrosTo2000 = 946_684_800_000_000;

    ReadOnlySpan<byte> _rest;

    PgOutputParser(ReadOnlySpan<byte> bytes) => _rest = bytes;

    /// <summary>Reads one message.</summary>
    /// <returns>False for a kind that says nothing about rows (Origin, Type).</returns>
    /// <exception cref="InvalidDataException">Not protocol version 1.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, PgOutputMessage into)
    {
        var parser = new PgOutputParser(bytes);
        byte kind = parser.Byte();
        into.Kind = (MessageKind)kind;
        switch (into.Kind)
        {
            case MessageKind.Begin:
                parser.ReadBegin(into);
                return true;
            case MessageKind.Commit:
                return true;
            case MessageKind.Relation:
                parser.ReadRelation(into);
                return true;
            case MessageKind.Insert:
                parser.ReadInsert(into);
                return true;
            case MessageKind.Update:
                parser.ReadUpdate(into);
                return true;
            case MessageKind.Delete:
                parser.ReadDelete(into);
                return true;
            case MessageKind.Truncate:
                parser.ReadTruncate(into);
                return true;
            case MessageKind.Logical:
                parser.ReadLogical(into);
                return true;
            case (MessageKind)'O' or (MessageKind)'Y':
                return false;
            default:
                throw new InvalidDataException($"pgoutput sent a message of kind '{(char)kind}'");
        }
    }

    void ReadBegin(PgOutputMessage into)
    {
        Int64(); // the commit's own LSN; its END carries the one that counts
        into.CommitMicros = Int64() + MicrosTo2000;
        into.TransactionId = (uint)Int32();
    }

    void ReadRelation(PgOutputMessage into)
    {
        into.Relation = (uint)Int32();
        into.Schema = Text();
        into.Name = Text();
        Byte(); // replica identity: what of the old row comes shows in each change
        into.Columns.Clear();
        for (int count = Int16(); count > 0; count--)
        {
            Byte(); // whether it is part of the replica identity, which may be more than the key
            string name = Text();
            uint type = (uint)Int32();
            Int32(); // type modifier
            into.Columns.Add((name, type));
        }
    }

    void ReadInsert(PgOutputMessage into)
    {
        into.Relation = (uint)Int32();
        Byte();
        ReadRow(into.New);
    }

    void ReadUpdate(PgOutputMessage into)
    {
        into.Relation = (uint)Int32();
        into.HasOld = Byte() != 'N';
        if (into.HasOld)
        {
            ReadRow(into.Old);
            Byte();
        }
        ReadRow(into.New);
    }

    void ReadDelete(PgOutputMessage into)
    {
        into.Relation = (uint)Int32();
        Byte();
        into.HasOld = true;
        ReadRow(into.Old);
    }

    void ReadTruncate(PgOutputMessage into)
    {
        int count = Int32();
        Byte(); // CASCADE, RESTART IDENTITY
        into.Truncated.Clear();
        for (; count > 0; count--)
            into.Truncated.Add((uint)Int32());
    }

    void ReadLogical(PgOutputMessage into)
    {
        into.Transactional = (Byte() & 1) != 0;
        Int64(); // its LSN, which the stream's header has too
        into.Prefix = Text();
        into.Content = Take(Int32()).ToArray();
    }

    void ReadRow(Row row)
    {
        row.Clear();
        for (int count = Int16(); count > 0; count--)
        {
            switch (Byte())
            {
                case (byte)'n':
                    row.Add(Cell.Null, []);
                    break;
                case (byte)'u':
                    row.Add(Cell.Unchanged, []);
                    break;
                case (byte)'t':
                    row.Add(Cell.Text, Take(Int32()));
                    break;
                case var kind:
                    throw new InvalidDataException($"pgoutput sent a value of kind '{(char)kind}'");
            }
        }
    }

    byte Byte() => Take(1)[0];

    short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    string Text()
    {
        int end = _rest.IndexOf((byte)0);
        string text = Encoding.UTF8.GetString(_rest[..end]);
        _rest = _rest[(end + 1)..];
        return text;
    }

    ReadOnlySpan<byte> Take(int count)
    {
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
