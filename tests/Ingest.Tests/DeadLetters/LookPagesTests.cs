using Betting.Ingest.DeadLetters;

namespace Betting.Tests.Ingest.DeadLetters;

/// <summary>Pages of a look at RabbitMQ's dead letters.</summary>
public sealed class LookPagesTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 1, 1)]
    [InlineData(17, 2, 16)]
    [InlineData(600, 30, 20)]
    [InlineData(LookPages.Most * ushort.MaxValue, 31, ushort.MaxValue)]
    public void Pages_are_small_and_reach_the_last_letter(long letters, int count, int largest)
    {
        var pages = LookPages.Of(letters);

        Assert.Equal(count, pages.Count);
        Assert.Equal(letters, pages.Sum(page => (long)page.Size));
        Assert.Equal(largest, pages.Count == 0 ? 0 : pages.Max(page => page.Size));
        Assert.Equal(Enumerable.Range(0, count), pages.Select(page => page.Place));
    }

    [Fact]
    public void More_letters_than_a_look_can_hold_are_refused() =>
        Assert.Throws<InvalidOperationException>(() => LookPages.Of(1L + (LookPages.Most * ushort.MaxValue)));

    [Fact]
    public void Letters_that_another_program_has_mixed_cannot_be_restored() =>
        Assert.Null(LookPages.Restoring([.. Enumerable.Range(0, 100).Select(number => (long)number)]));

    /// <summary>A model of a quorum queue: what goes back stands behind all that ever went back and in front of what never did.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void However_looks_end_the_next_one_restores_the_order(int seed)
    {
        var random = new Random(seed);
        for (var run = 0; run < 300; run++)
        {
            var queue = new List<(int Number, long Returns)>();
            for (var (step, next) = (0, 0); step < 12; step++)
            {
                for (var arrivals = random.Next(40); arrivals > 0; arrivals--)
                {
                    queue.Add((next++, 0));
                }
                queue.RemoveAll(_ => random.Next(10) == 0);
                if (random.Next(3) == 0)
                {
                    // All of them, and then in their order.
                    queue = Look(queue, LookPages.Of(queue.Count), queue.Count);
                    var pages = LookPages.Restoring([.. queue.Select(letter => letter.Returns)])!;
                    queue = Look(queue, pages, random.Next(2) == 0 ? queue.Count : random.Next(queue.Count + 1));
                    continue;
                }
                queue = Look(queue, LookPages.Of(queue.Count), random.Next(queue.Count + 1));
            }
            var restored = Look(queue, LookPages.Restoring([.. queue.Select(letter => letter.Returns)])!, queue.Count);
            Assert.Equal(restored.Select(letter => letter.Number).Order(), restored.Select(letter => letter.Number));
            Assert.Empty(LookPages.Restoring([.. restored.Select(letter => letter.Returns)])!);
        }
    }

    // Ends when it has taken so many letters.
    static List<(int Number, long Returns)> Look(List<(int Number, long Returns)> queue, IReadOnlyList<LookPage> pages, int end)
    {
        var (back, at) = (new List<(int Place, (int Number, long Returns) Letter)>(), 0);
        foreach (var page in pages)
        {
            // What RabbitMQ sends at once is taken at once.
            for (var letter = 0; letter < page.Size && at < end; letter++, at++)
            {
                back.Add((page.Place, (queue[at].Number, queue[at].Returns + 1)));
            }
        }
        var left = queue.Skip(at).ToList();
        return
        [
            .. left.Where(letter => letter.Returns > 0),
            .. back.OrderBy(letter => letter.Place).Select(letter => letter.Letter),
            .. left.Where(letter => letter.Returns == 0),
        ];
    }
}
