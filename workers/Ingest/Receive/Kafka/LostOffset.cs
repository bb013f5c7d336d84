namespace Betting.Ingest.Receive.Kafka;

/// <summary>What the door does where the next record of a partition is no longer in the topic.</summary>
public enum LostOffset
{
    /// <summary>That partition waits for an operator; the others go on.</summary>
    Stop,

    /// <summary>Reads from the first record there is. What is read again are duplicates; what the topic lost stays lost.</summary>
    Earliest,
}
