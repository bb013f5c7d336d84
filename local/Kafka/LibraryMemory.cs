using System.Globalization;
using System.Runtime.InteropServices;

namespace Betting.Local.Kafka;

/// <summary>The loaded librdkafka in this process's memory.</summary>
static partial class LibraryMemory
{
    const int ReadOnly = 1,
        ReadWrite = 3;

    /// <summary>Replaces bytes of a read-only page.</summary>
    /// <exception cref="InvalidOperationException">The page cannot be made writable.</exception>
    public static unsafe void Write(nint address, ReadOnlySpan<byte> bytes)
    {
        nint page = address & ~(nint)(Environment.SystemPageSize - 1);
        nuint size = (nuint)Environment.SystemPageSize * 2;
        Protect(page, size, ReadWrite);
        bytes.CopyTo(new Span<byte>((void*)address, bytes.Length));
        Protect(page, size, ReadOnly);
    }

    /// <summary>Mappings of the library that have the given rights, as <c>/proc/self/maps</c> writes them.</summary>
    public static IEnumerable<(nint Start, int Length)> Mappings(string libraryPath, string rights)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            if (!line.EndsWith(libraryPath, StringComparison.Ordinal) || !line.Contains($" {rights} ", StringComparison.Ordinal))
                continue;
            var range = line.AsSpan(0, line.IndexOf(' '));
            int dash = range.IndexOf('-');
            nint start = nint.Parse(range[..dash], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            nint end = nint.Parse(range[(dash + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            yield return (start, (int)(end - start));
        }
    }

    static void Protect(nint page, nuint size, int protection)
    {
        if (mprotect(page, size, protection) != 0)
            throw new InvalidOperationException($"mprotect failed with errno {Marshal.GetLastPInvokeError()}: librdkafka stays as it is");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mprotect(nint address, nuint length, int protection);
}
