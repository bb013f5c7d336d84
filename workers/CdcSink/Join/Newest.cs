using System.Runtime.InteropServices;

namespace Betting.CdcSink.Join;

/// <summary>A column's value as the latest change brought it that brought one at all.</summary>
[StructLayout(LayoutKind.Auto)]
struct Newest<T>
{
    byte _marks;

    /// <summary>That of the change which brought it; 0 where none did.</summary>
    public ulong Version { get; private set; }

    public T Value { get; private set; }

    public bool IsKnown { get; private set; }

    /// <param name="version">The change's.</param>
    /// <param name="marks">The change's, of all its columns.</param>
    /// <param name="value">What it brought.</param>
    public void Offer(ulong version, byte marks, T value)
    {
        if (!IsKnown || version >= Version)
        {
            (Version, _marks, Value, IsKnown) = (version, marks, value, true);
        }
    }

    /// <summary>The column's own bit where its value came under a rule, or no change ever brought it; else 0.</summary>
    public readonly int Mark(int bit) => IsKnown ? _marks & bit : bit;
}

/// <summary>What is latest of a row as a whole: its version, and whether it is there.</summary>
[StructLayout(LayoutKind.Auto)]
struct RowVersion
{
    bool _deleted;

    public bool IsKnown { get; private set; }

    public ulong Version { get; private set; }

    /// <returns>Whether this change is the latest so far.</returns>
    public bool Offer(ulong version, bool deleted)
    {
        if (IsKnown && version < Version)
        {
            return false;
        }
        (IsKnown, Version, _deleted) = (true, version, deleted);
        return true;
    }

    /// <param name="ended">The version at which all rows of the table ended.</param>
    public readonly bool IsThere(ulong ended) => IsKnown && Version > ended && !_deleted;
}
