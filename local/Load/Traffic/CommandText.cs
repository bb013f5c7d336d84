using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Betting.Local.Load.Traffic;

/// <summary>
/// The commands in the words of docs/commands.md. Written here once more on purpose: this is an upstream system, and what
/// it shares with Ingest is the document, not the code.
/// </summary>
sealed class CommandText
{
    readonly ArrayBufferWriter<byte> _buffer = new(512);
    readonly Random _ids;

    /// <param name="ids">Where command ids come from; seeded, so that the same traffic has the same ids.</param>
    public CommandText(Random ids) => _ids = ids;

    /// <param name="kind">For example <c>place-bet</c>.</param>
    /// <param name="issuedAt">Written in UTC with microseconds.</param>
    /// <param name="fields">Adds the kind's own fields.</param>
    public ReadOnlyMemory<byte> Write(string kind, DateTimeOffset issuedAt, Action<Utf8JsonWriter> fields)
    {
        _buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_buffer))
        {
            Span<byte> id = stackalloc byte[16];
            _ids.NextBytes(id);
            json.WriteStartObject();
            json.WriteString("id", new Guid(id));
            json.WriteString("kind", kind);
            json.WriteString("issuedAt", Time(issuedAt));
            fields(json);
            json.WriteEndObject();
        }
        return _buffer.WrittenSpan.ToArray();
    }

    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <param name="cents">Money in hundredths.</param>
    public static string Money(long cents) => (cents / 100m).ToString("0.00", CultureInfo.InvariantCulture);
}
