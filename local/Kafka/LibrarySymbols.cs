using System.Buffers.Binary;
using System.Text;

namespace Betting.Local.Kafka;

/// <summary>Addresses of what librdkafka has and does not export: the symbol table of its file tells them.</summary>
static class LibrarySymbols
{
    const int SymbolTable = 2,
        SymbolSize = 24;

    /// <returns>The addresses in this process, in the order of the names; null where the file does not have all of them.</returns>
    /// <param name="path">The library, an ELF file for 64 bits, as it stands in /proc/self/maps.</param>
    /// <param name="names">Functions and tables.</param>
    public static nint[]? Find(string path, params string[] names)
    {
        byte[] file = File.ReadAllBytes(path);
        int headers = (int)Number64(file, 0x28),
            size = Number16(file, 0x3A),
            count = Number16(file, 0x3C);
        int symbols = Enumerable
            .Range(0, count)
            .Select(index => headers + (index * size))
            .FirstOrDefault(header => Number32(file, header + 4) == SymbolTable);
        if (symbols == 0)
            return null;
        int texts = (int)Number64(file, headers + (Number32(file, symbols + 40) * size) + 24);
        int first = (int)Number64(file, symbols + 24),
            end = first + (int)Number64(file, symbols + 32);
        // Where the library is loaded: its first mapping has the beginning of the file.
        nint loaded = LibraryMemory.Mappings(path, "r--p").Min(mapping => mapping.Start);
        byte[][] wanted = [.. names.Select(name => Encoding.ASCII.GetBytes(name + '\0'))];
        nint[] found = new nint[names.Length];
        for (int at = first; at < end; at += SymbolSize)
        {
            int name = texts + Number32(file, at);
            int which = Array.FindIndex(wanted, each => file.AsSpan(name).StartsWith(each));
            if (which >= 0)
                found[which] = loaded + (nint)Number64(file, at + 8);
        }
        return found.Contains(0) ? null : found;
    }

    static int Number16(byte[] file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at));

    static int Number32(byte[] file, int at) => BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at));

    static long Number64(byte[] file, int at) => BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
}
