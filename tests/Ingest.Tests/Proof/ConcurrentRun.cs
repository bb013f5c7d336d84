using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Ingest.Messages;

namespace Betting.Tests.Ingest.Proof;

/// <summary>What one call applied and answered.</summary>
sealed record Applied(IReadOnlyList<BetCommand> Batch, Outcome[] Outcomes);

/// <summary>
/// Hands a history to replicas that run at the same time. One publisher's commands are in one replica's hand at a time and
/// in their order, as a partition's are; some come again, because a replica was gone before it had acknowledged, and some
/// are applied twice at once, because the replica that was thought gone was only slow.
/// </summary>
sealed class ConcurrentRun(History history, BetCommand[][] streams, IReadOnlyList<BatchTransaction> replicas) : IDisposable
{
    readonly Random _random = new(history.Seed);
    readonly Lock _gate = new();
    readonly int[] _next = new int[streams.Length];
    readonly bool[] _inHand = new bool[streams.Length];
    readonly SemaphoreSlim _changed = new(0);
    readonly List<Applied> _calls = [];

    public async Task<IReadOnlyList<Applied>> RunAsync()
    {
        await Task.WhenAll(Enumerable.Range(0, history.Replicas).Select(replica => Task.Run(() => WorkAsync(replica))));
        return _calls;
    }

    public void Dispose() => _changed.Dispose();

    async Task WorkAsync(int replica)
    {
        while (true)
        {
            var (batch, from, acknowledged, zombie) = Take();
            if (batch.Count > 0)
            {
                var slow = zombie ? Task.Run(() => ApplyAsync((replica + 1) % history.Replicas, batch)) : Task.CompletedTask;
                await ApplyAsync(replica, batch);
                GiveBack(from, acknowledged);
                await slow;
            }
            else if (AllTaken())
            {
                return;
            }
            else
            {
                await _changed.WaitAsync();
            }
        }
    }

    (List<BetCommand> Batch, List<(int Publisher, int Count)> From, bool Acknowledged, bool Zombie) Take()
    {
        lock (_gate)
        {
            var from = new List<(int Publisher, int Count)>();
            foreach (
                var publisher in Enumerable
                    .Range(0, streams.Length)
                    .Where(p => !_inHand[p] && _next[p] < streams[p].Length)
                    .OrderBy(_ => _random.Next())
                    .Take(_random.Next(1, 3))
            )
            {
                _inHand[publisher] = true;
                from.Add((publisher, Math.Min(_random.Next(1, history.MaxBatch + 1), streams[publisher].Length - _next[publisher])));
            }
            return (Interleaved(from), from, _random.Next(8) > 0, _random.Next(8) == 0);
        }
    }

    // The commands of each publisher in its order, one another's in any.
    List<BetCommand> Interleaved(List<(int Publisher, int Count)> from)
    {
        var turns = from.SelectMany(part => Enumerable.Repeat(part.Publisher, part.Count)).OrderBy(_ => _random.Next()).ToArray();
        var taken = new int[streams.Length];
        return [.. turns.Select(publisher => streams[publisher][_next[publisher] + taken[publisher]++])];
    }

    void GiveBack(List<(int Publisher, int Count)> from, bool acknowledged)
    {
        lock (_gate)
        {
            foreach (var (publisher, count) in from)
            {
                _inHand[publisher] = false;
                _next[publisher] += acknowledged ? count : _random.Next(count);
            }
        }
        _changed.Release(history.Replicas);
    }

    bool AllTaken()
    {
        lock (_gate)
        {
            return streams.Index().All(stream => _next[stream.Index] == stream.Item.Length);
        }
    }

    async Task ApplyAsync(int replica, List<BetCommand> batch)
    {
        var hashed = batch.ConvertAll(command => new HashedCommand(command));
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var outcomes = await replicas[replica].ApplyAsync(hashed, CancellationToken.None);
                lock (_gate)
                {
                    _calls.Add(new Applied(batch, outcomes));
                }
                return;
            }
            catch (ReleaseTooLargeException)
            {
                // As the batch handler does.
                await ApplyAsync(replica, batch[..(batch.Count / 2)]);
                await ApplyAsync(replica, batch[(batch.Count / 2)..]);
                return;
            }
            catch (Exception inTheWay) when (Failure.ClassOf(inTheWay) is FailureClass.Contention or FailureClass.IdTaken && attempt < 1000)
            {
                await Task.Delay(Backoff.Again(attempt, Random.Shared.NextDouble()), TimeProvider.System);
            }
        }
    }
}
