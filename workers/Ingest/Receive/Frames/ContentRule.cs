using System.Buffers.Binary;
using Betting.Contracts.Commands;
using Betting.DeadLetters;

namespace Betting.Ingest.Receive.Frames;

/// <summary>Decides what of a message passes to the client, by its AMQP content header.</summary>
/// <param name="cuts">Where it says what was left out.</param>
public sealed class ContentRule(ContentCuts cuts)
{
    /// <summary>
    /// Bodies of this size are never cut; the prefetch count bounds how many there are. A larger one is refused, cut or whole, so that what
    /// else is held decides only how much of it its dead letter has.
    /// </summary>
    public const int SmallBody = CommandContract.MaxMessageBytes;

    /// <summary>Headers of this weight are never left out; see <see cref="HeaderTable.Weigh"/>.</summary>
    public const int SmallHeaders = 8 * 1024;

    /// <summary>Bytes that are kept of a body that is cut.</summary>
    public const int KeptBody = 4000;

    const int BodySizeAt = 4;

    /// <returns>The payload that passes.</returns>
    /// <param name="deliveryTag">The message's number.</param>
    /// <param name="payload">Of its content header.</param>
    /// <param name="cut">Takes the body where that does not pass; else null.</param>
    internal ReadOnlySpan<byte> Apply(ulong deliveryTag, ReadOnlySpan<byte> payload, out CutBody? cut)
    {
        cut = null;
        var size = (long)BinaryPrimitives.ReadUInt64BigEndian(payload[BodySizeAt..]);
        var table = HeaderTable.Find(payload);
        var weight = HeaderTable.Weigh(payload[table]);
        if (weight is not null && HeaderTable.FirstOfEachName(payload, table) is { } single)
        {
            payload = single;
            table = HeaderTable.Find(payload);
            weight = HeaderTable.Weigh(payload[table]);
        }
        var isBodyLarge = size > SmallBody;
        if (!isBodyLarge && weight <= SmallHeaders)
        {
            return payload;
        }
        var bytes = size + (weight ?? 0);
        var isHeld = cuts.TryHold(bytes);
        var isBodyCut = isBodyLarge && !isHeld;
        // Unreadable ones never pass.
        var isTableCut = weight is null || (weight > SmallHeaders && !isHeld);
        List<KeyValuePair<string, string>> described = isTableCut ? [.. ContentCut.OfHeaders(payload[table])] : [];
        if (isTableCut || isBodyCut)
        {
            described.Insert(
                0,
                new(
                    LetterHeaders.Truncated,
                    (isTableCut, isBodyCut) switch
                    {
                        (true, true) => "headers,body",
                        (true, _) => "headers",
                        _ => "body",
                    }
                )
            );
        }
        byte[] passing = isTableCut ? HeaderTable.Without(payload, table) : payload.ToArray();
        if (isBodyCut)
        {
            BinaryPrimitives.WriteInt64BigEndian(passing.AsSpan(BodySizeAt), KeptBody);
            cut = new CutBody(deliveryTag, size, KeptBody, described);
        }
        else
        {
            cuts.Add(deliveryTag, new ContentCut(isHeld ? bytes : 0, null, described));
        }
        return passing;
    }

    /// <summary>Called when all of a cut body has passed by.</summary>
    internal void Complete(CutBody cut) =>
        cuts.Add(cut.DeliveryTag, new ContentCut(0, cut.Size, [.. cut.Headers, .. ContentCut.OfBody(cut.Size, cut.Sha256())]));
}
