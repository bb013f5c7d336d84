namespace Betting.Local.Kafka;

/// <summary>What a partition keeps; beyond either limit its oldest batches go.</summary>
/// <remarks>
/// The mock cluster has no setting for this: its limits (5 MiB, 100,000 batches) are one read-only constant of the library,
/// two 64-bit numbers side by side. They are found in memory by that pattern and replaced before the first cluster is made.
/// </remarks>
public sealed record Retention(long Bytes, long Batches)
{
    public static readonly Retention Default = new(2L << 30, 1_000_000);

    const long BuiltInBytes = 5 * 1024 * 1024;
    const long BuiltInBatches = 100_000;

    /// <summary>Replaces the library's own limits by these.</summary>
    /// <param name="libraryPath">The library as it stands in /proc/self/maps.</param>
    /// <exception cref="InvalidOperationException">
    /// The constant is not there exactly once: another librdkafka than the one this was written for.
    /// </exception>
    public unsafe void Apply(string libraryPath)
    {
        Span<byte> pattern = stackalloc byte[16];
        BitConverter.TryWriteBytes(pattern, BuiltInBytes);
        BitConverter.TryWriteBytes(pattern[8..], BuiltInBatches);

        var found = new List<nint>();
        foreach (var (start, length) in LibraryMemory.Mappings(libraryPath, "r--p"))
        {
            var memory = new ReadOnlySpan<byte>((void*)start, length);
            for (int at = 0; memory[at..].IndexOf(pattern) is >= 0 and int hit; at += hit + 1)
                found.Add(start + at + hit);
        }
        if (found.Count != 1)
        {
            throw new InvalidOperationException(
                $"librdkafka's retention constant stands {found.Count} times in {libraryPath}, not once: its 5 MiB a partition cannot "
                    + $"be raised. "
                    + "Use the Confluent.Kafka version of Directory.Packages.props."
            );
        }

        BitConverter.TryWriteBytes(pattern, Bytes);
        BitConverter.TryWriteBytes(pattern[8..], Batches);
        LibraryMemory.Write(found[0], pattern);
    }
}
