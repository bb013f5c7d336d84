namespace Betting.Ingest.Messages;

/// <summary>Where an outcome is sent: a queue of the same broker, through the default exchange and nothing else.</summary>
/// <param name="Queue">The queue's name.</param>
/// <param name="CorrelationId">Given back as it came.</param>
/// <param name="Request">Where MassTransit asked: what its envelope needs.</param>
public sealed record ReplyAddress(string Queue, string? CorrelationId, MassTransitRequest? Request);

/// <summary>What MassTransit's request client needs to know its answer again.</summary>
/// <param name="RequestId">The request's id.</param>
/// <param name="ConversationId">The conversation's, if any.</param>
/// <param name="ResponseAddress">The address as it was given.</param>
/// <param name="Accepts">Message types that the client takes as an answer; empty where it did not say.</param>
public sealed record MassTransitRequest(string? RequestId, string? ConversationId, string ResponseAddress, IReadOnlyList<string> Accepts);
