namespace Betting.CdcSink.Connector;

/// <summary>The connector's transforms, which may drop or change records on their way. Pure.</summary>
static class ConnectorTransforms
{
    // By the last part of the class name, without $Key or $Value.
    static readonly string[] Harmless = ["InsertHeader", "HeaderFrom", "SetSchemaMetadata", "ActivateTracingSpan"];

    const string Flattening = "ExtractNewRecordState";

    /// <summary>One line for each transform that is not known to keep every record and value.</summary>
    public static IEnumerable<string> WhatIsBroken(IReadOnlyDictionary<string, string> config)
    {
        var names = config.GetValueOrDefault("transforms", "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var name in names)
        {
            var type = config.GetValueOrDefault($"transforms.{name}.type", "");
            var simple = type[(type.LastIndexOf('.') + 1)..].Split('$')[0];
            if (simple == Flattening && !KeepsDeletes(config, name))
            {
                yield return $"transforms.{name} ({simple}) does not keep deletes: set its delete.tombstone.handling.mode to rewrite";
            }
            else if (simple != Flattening && !Harmless.Contains(simple))
            {
                yield return $"transforms.{name} ({type}) is not known to keep every record: it may drop or change some";
            }
            else if (config.ContainsKey($"transforms.{name}.predicate"))
            {
                yield return $"transforms.{name}.predicate is set: the transform applies to some records only; the others differ in form or epoch";
            }
        }
    }

    static bool KeepsDeletes(IReadOnlyDictionary<string, string> config, string name) =>
        config.GetValueOrDefault($"transforms.{name}.delete.tombstone.handling.mode", "")
            .StartsWith("rewrite", StringComparison.OrdinalIgnoreCase)
        || config.GetValueOrDefault($"transforms.{name}.delete.handling.mode", "").Equals("rewrite", StringComparison.OrdinalIgnoreCase);
}
