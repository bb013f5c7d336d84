namespace Betting.Ingest.Receive.RabbitMq;

/// <summary>
/// Measures for how long the consumer's connection has carried nothing. A firewall or load balancer that has lost its state drops the
/// packets of established connections without a sign, while new connections work; then RabbitMQ keeps the commands for the dead connection
/// until its heartbeat limit. docs/decisions/silent-connections.md has the limits.
/// </summary>
sealed class ConsumerSilence(TimeProvider clock)
{
    /// <summary>After so long without an answer another connection takes its place.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    // A broker closes a connection over which it has received nothing for two to three heartbeat intervals.
    const int MostIntervals = 3;

    RabbitConsumer? _asked;
    Task _question = Task.CompletedTask;
    long _bodyBytes;
    long _since;
    (long At, TimeSpan Limit)? _givenUp;

    /// <summary>Asks the broker over the consumer's connection, or goes on waiting for the answer to the last question.</summary>
    /// <param name="consumer">Null, or closed, where there is nothing to ask.</param>
    /// <param name="patience">How long the answer is waited for.</param>
    /// <param name="stopping">Ends the wait.</param>
    /// <returns>Zero where the broker has answered or delivered, or the connection is closed; else the time since the question.</returns>
    public async Task<TimeSpan> MeasureAsync(RabbitConsumer? consumer, TimeSpan patience, CancellationToken stopping)
    {
        if (consumer is not { IsUsable: true })
        {
            return TimeSpan.Zero;
        }
        if (!ReferenceEquals(consumer, _asked) || _question.IsCompleted)
        {
            (_asked, _since, _bodyBytes) = (consumer, clock.GetTimestamp(), consumer.BodyBytes);
            _question = consumer.AskAsync();
        }
        try
        {
            await _question.WaitAsync(patience, clock, stopping);
            return TimeSpan.Zero;
        }
        catch (Exception late) when (late is TimeoutException || (late is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            // Over a slow network the answer comes behind the messages that are on their way, of which one may take minutes.
            if (consumer.BodyBytes != _bodyBytes)
            {
                (_bodyBytes, _since) = (consumer.BodyBytes, clock.GetTimestamp());
                return TimeSpan.Zero;
            }
            return clock.GetElapsedTime(_since);
        }
        catch (Exception) when (!stopping.IsCancellationRequested)
        {
            // A connection that is closed is replaced anyway.
            return consumer.IsUsable ? Limit : TimeSpan.Zero;
        }
    }

    /// <summary>The consumer was given up because of its silence, which the broker may not know yet.</summary>
    public void GiveUp(RabbitConsumer consumer) => _givenUp = (clock.GetTimestamp(), MostIntervals * consumer.Heartbeat);

    /// <summary>
    /// True while the broker may keep commands for a connection that was given up: until it delivers to its successor, or must have
    /// closed it.
    /// </summary>
    public bool MayHoldCommands(RabbitConsumer successor)
    {
        if (_givenUp is { } former && (successor.IsActive || clock.GetElapsedTime(former.At) >= former.Limit))
        {
            _givenUp = null;
        }
        return _givenUp is not null;
    }
}
