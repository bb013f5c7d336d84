using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Betting.DeadLetters;

/// <summary>Letters as people and programs read them.</summary>
static class LetterText
{
    static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One line for a letter, its body cut to <paramref name="text"/> characters.</summary>
    public static string Line(StoredLetter letter, int text)
    {
        var replays = letter.Replays == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" (replayed {letter.Replays} times)");
        var stays = letter.NotReplayable is { } why ? $" (not replayable: {Visible(why, 120)})" : "";
        var kind = letter.Kind == "" ? "-" : Visible(letter.Kind, 40);
        return $"{letter.Id}  {At(letter)}  {kind}  {Visible(letter.Reason, 200)}{replays}{stays}\n    "
            + $"{Visible(Encoding.UTF8.GetString(letter.Body.Span), text)}";
    }

    /// <summary>All of a letter, for a terminal.</summary>
    public static string Whole(StoredLetter letter)
    {
        var lines = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"id        {letter.Id}")
            .AppendLine(CultureInfo.InvariantCulture, $"from      {letter.From}")
            .AppendLine(CultureInfo.InvariantCulture, $"at        {At(letter)}")
            .AppendLine(CultureInfo.InvariantCulture, $"reason    {Visible(letter.Reason, int.MaxValue)}")
            .AppendLine(CultureInfo.InvariantCulture, $"replays   {letter.Replays}");
        if (letter.NotReplayable is { } why)
        {
            lines.AppendLine(CultureInfo.InvariantCulture, $"replay    not possible: {Visible(why, 300)}");
        }
        foreach (var (name, value) in letter.Headers)
        {
            lines.AppendLine(CultureInfo.InvariantCulture, $"header    {Visible(name, 200)}: {Visible(value, 2000)}");
        }
        return lines
            .AppendLine(CultureInfo.InvariantCulture, $"body      {letter.Body.Length} bytes")
            .Append(Visible(Encoding.UTF8.GetString(letter.Body.Span), int.MaxValue))
            .ToString();
    }

    /// <summary>One JSON object in one line; <c>body</c> is text where the bytes are UTF-8, else <c>bodyBase64</c> has them.</summary>
    public static string Json(StoredLetter letter, int text)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("id", letter.Id);
            json.WriteString("from", letter.From);
            if (letter.At != default)
            {
                json.WriteString("at", letter.At);
            }
            json.WriteString("kind", letter.Kind);
            json.WriteString("field", letter.Field);
            json.WriteString("reason", letter.Reason);
            json.WriteNumber("replays", letter.Replays);
            if (letter.NotReplayable is { } why)
            {
                json.WriteString("notReplayable", why);
            }
            json.WriteNumber("bytes", letter.Body.Length);
            json.WriteStartObject("headers");
            foreach (var header in letter.Headers.GroupBy(header => header.Key))
            {
                json.WriteString(header.Key, header.Last().Value);
            }
            json.WriteEndObject();
            if (System.Text.Unicode.Utf8.IsValid(letter.Body.Span))
            {
                json.WriteString("body", Cut(Encoding.UTF8.GetString(letter.Body.Span), text));
            }
            else
            {
                json.WriteBase64String("bodyBase64", letter.Body.Span[..Math.Min(letter.Body.Length, text)]);
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    static string At(StoredLetter letter) =>
        letter.At == default ? "-" : letter.At.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    static string Cut(string text, int most) => text.Length <= most ? text : text[..most] + "…";

    /// <summary>A publisher's bytes must not steer an operator's terminal.</summary>
    public static string Visible(string text, int most) =>
        string.Concat(Cut(text, most).Select(character => char.IsControl(character) ? '·' : character));
}
