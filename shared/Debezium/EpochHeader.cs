using System.Buffers.Text;

namespace Betting.Debezium;

/// <summary>The header <c>epoch</c>, which Debezium's InsertHeader transform adds: a small integer as text, perhaps in quotes.</summary>
public static class EpochHeader
{
    public const string Name = "epoch";

    /// <returns>False if there is one that cannot be used: guessing would misorder every change of the row.</returns>
    internal static bool TryRead(IReadOnlyList<RecordHeader> headers, int defaultEpoch, out int epoch)
    {
        epoch = defaultEpoch;
        for (var i = headers.Count - 1; i >= 0; i--)
        {
            if (headers[i].Name != Name)
                continue;
            var text = headers[i].Value.AsSpan().Trim("\" "u8);
            return Utf8Parser.TryParse(text, out epoch, out var used) && used == text.Length && epoch is >= 0 and <= ChangeVersion.MaxEpoch;
        }
        return true;
    }
}
