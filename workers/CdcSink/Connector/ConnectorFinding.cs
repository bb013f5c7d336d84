namespace Betting.CdcSink.Connector;

/// <summary>A setting of the connector that is not right, or of which nobody here can tell.</summary>
/// <param name="Line">Names the setting and says what is wrong. It is logged, so it has no value that may be secret.</param>
/// <param name="IsJudged">False where Kafka Connect's answer does not say whether the setting is right: it breaks no promise.</param>
readonly record struct ConnectorFinding(string Line, bool IsJudged = true)
{
    /// <summary>Kafka Connect replaces the value when it starts the connector, from a file or an environment variable.</summary>
    public static ConnectorFinding Placeholder(string setting) => new($"{setting} is a placeholder", IsJudged: false);
}
