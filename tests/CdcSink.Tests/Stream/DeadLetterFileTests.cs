using System.Text;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Replay;
using Betting.Debezium;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

public sealed class DeadLetterFileTests
{
    [Fact]
    public async Task A_letter_that_is_sent_again_with_its_batch_is_counted_and_written_once()
    {
        var path = Path.Combine(Path.GetTempPath(), $"letters-{Guid.NewGuid():N}.jsonl");
        try
        {
            using (var file = new DeadLetterFile(path))
            {
                for (var attempt = 0; attempt < 3; attempt++)
                {
                    await file.SendAsync([Letter(7, "a"), Letter(8, "b")], CancellationToken.None);
                }
                // The same place in a topic that was made anew, and a tombstone there.
                await file.SendAsync([Letter(7, "c"), Letter(7, null)], CancellationToken.None);
                Assert.Equal(4, file.Count);
            }
            Assert.Equal(4, (await File.ReadAllLinesAsync(path)).Length);
        }
        finally
        {
            File.Delete(path);
        }
    }

    static DeadLetter Letter(long offset, string? value) =>
        new(
            new StreamRecord(
                "betting.public.bets",
                0,
                offset,
                0,
                "{}"u8.ToArray(),
                value is null ? null : Encoding.UTF8.GetBytes(value),
                []
            ),
            RejectReason.MalformedJson,
            ""
        );
}
