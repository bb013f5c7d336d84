using System.Runtime.InteropServices;
using System.Text;

namespace Betting.Local.ClickHouse.Engine;

/// <summary>
/// A statement, its format and its parameters in the form that the library takes them: pointers and lengths, in one block.
/// </summary>
sealed unsafe class NativeArguments : IDisposable
{
    readonly void* _block;

    public NativeArguments(ReadOnlySpan<byte> statement, string format, IReadOnlyCollection<KeyValuePair<string, string>> parameters)
    {
        var count = parameters.Count;
        var bytes = (nuint)(
            statement.Length
            + Encoding.UTF8.GetByteCount(format)
            + parameters.Sum(each => Encoding.UTF8.GetByteCount(each.Key) + Encoding.UTF8.GetByteCount(each.Value))
        );
        _block = NativeMemory.Alloc((nuint)(4 * count * sizeof(nint)) + bytes + 1);

        Count = (nuint)count;
        Names = (byte**)_block;
        NameLengths = (nuint*)(Names + count);
        Values = (byte**)(NameLengths + count);
        ValueLengths = (nuint*)(Values + count);

        var free = (byte*)(ValueLengths + count);
        var end = free + bytes;
        Statement = free;
        StatementLength = (nuint)statement.Length;
        statement.CopyTo(new Span<byte>(free, statement.Length));
        free += statement.Length;

        Format = Write(format, ref free, end, out FormatLength);
        var index = 0;
        foreach (var (name, value) in parameters)
        {
            Names[index] = Write(name, ref free, end, out NameLengths[index]);
            Values[index] = Write(value, ref free, end, out ValueLengths[index]);
            index++;
        }
    }

    public readonly byte* Statement;
    public readonly nuint StatementLength;
    public readonly byte* Format;
    public readonly nuint FormatLength;
    public readonly byte** Names;
    public readonly nuint* NameLengths;
    public readonly byte** Values;
    public readonly nuint* ValueLengths;
    public readonly nuint Count;

    public void Dispose() => NativeMemory.Free(_block);

    static byte* Write(string text, ref byte* free, byte* end, out nuint length)
    {
        var start = free;
        length = (nuint)Encoding.UTF8.GetBytes(text, new Span<byte>(free, (int)(end - free)));
        free += length;
        return start;
    }
}
