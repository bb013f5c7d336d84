using System.Globalization;
using System.Text;

namespace Betting.DeadLetters;

/// <summary>Which letters are meant; what is left out does not narrow.</summary>
public sealed record LetterFilter
{
    public IReadOnlyCollection<string> Ids { get; init; } = [];

    /// <summary>Part of the reason or the field, whatever its case.</summary>
    public string? Reason { get; init; }

    public string? Kind { get; init; }

    /// <summary>Put aside at this moment or later, UTC.</summary>
    public DateTime? Since { get; init; }

    /// <summary>Put aside before this moment, UTC.</summary>
    public DateTime? Until { get; init; }

    /// <summary>Partition of the original.</summary>
    public int? Partition { get; init; }

    /// <summary>First and last offset of the original.</summary>
    public long? FromOffset { get; init; }
    public long? ToOffset { get; init; }

    /// <summary>Bytes that the body has, as text.</summary>
    public string? Contains { get; init; }

    public bool IsEmpty => this == new LetterFilter { Ids = Ids } && Ids.Count == 0;

    public bool Matches(StoredLetter letter) =>
        (Ids.Count == 0 || Ids.Contains(letter.Id))
        && (
            Reason is null
            || letter.Reason.Contains(Reason, StringComparison.OrdinalIgnoreCase)
            || letter.Field.Equals(Reason, StringComparison.OrdinalIgnoreCase)
        )
        && (Kind is null || letter.Kind.Equals(Kind, StringComparison.OrdinalIgnoreCase))
        && (Since is null || letter.At >= Since)
        && (Until is null || letter.At < Until)
        && StandsIn(letter.From)
        && (Contains is null || letter.Body.Span.IndexOf(Encoding.UTF8.GetBytes(Contains)) >= 0);

    bool StandsIn(string from)
    {
        if (Partition is null && FromOffset is null && ToOffset is null)
        {
            return true;
        }
        return Coordinates.TryParse(from, out var place)
            && (Partition is null || place.Partition == Partition)
            && (FromOffset is null || place.Offset >= FromOffset)
            && (ToOffset is null || place.Offset <= ToOffset);
    }
}

/// <summary>Where a Kafka record stood, written <c>topic/partition@offset</c>.</summary>
public readonly record struct Coordinates(string Topic, int Partition, long Offset)
{
    public static bool TryParse(string text, out Coordinates coordinates)
    {
        coordinates = default;
        var at = text.LastIndexOf('@');
        var slash = at < 0 ? -1 : text.LastIndexOf('/', at);
        if (
            slash < 1
            || !int.TryParse(text.AsSpan(slash + 1, at - slash - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
            || !long.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
        )
        {
            return false;
        }
        coordinates = new Coordinates(text[..slash], partition, offset);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}/{Partition}@{Offset}");
}
