namespace Betting.CdcSink.Connector;

/// <summary>The connector's transforms, which may drop or change records on their way. Pure.</summary>
static class ConnectorTransforms
{
    // By the last part of the class name, without $Key or $Value.
    static readonly string[] Harmless = ["InsertHeader", FromHeaders, "SetSchemaMetadata", "ActivateTracingSpan"];

    const string Flattening = "ExtractNewRecordState",
        FromHeaders = "HeaderFrom";

    const string Deletes = "delete.tombstone.handling.mode",
        FormerDeletes = "delete.handling.mode";
    const string Fields = "add.fields";

    // Of the record or of its source. What a snapshot, a moment of the past and the Reconciler's cut go by.
    static readonly string[][] NeededFields =
    [
        ["op"],
        ["lsn", "source.lsn"],
        ["source.ts_ms", "source.ts_us"],
        ["txId", "source.txId"],
        ["snapshot", "source.snapshot"],
    ];

    const string AllFields = "op,table,lsn,source.ts_us,source.txId,source.snapshot,source.sequence";

    const string Route = "route.by.field",
        Operation = "operation";

    /// <summary>One for each transform that is not known to keep every record and value.</summary>
    public static IEnumerable<ConnectorFinding> Judge(IReadOnlyDictionary<string, string> config)
    {
        var listed = config.GetValueOrDefault("transforms", "");
        if (Placeholders.AreIn(listed))
        {
            yield return ConnectorFinding.Placeholder("transforms");
            yield break;
        }
        foreach (var name in listed.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Judge(config, $"transforms.{name}") is { } found)
            {
                yield return found;
            }
        }
    }

    static ConnectorFinding? Judge(IReadOnlyDictionary<string, string> config, string transform)
    {
        var type = Of("type");
        var simple = type[(type.LastIndexOf('.') + 1)..].Split('$')[0];
        if (Placeholders.AreIn(type))
        {
            return ConnectorFinding.Placeholder($"{transform}.type");
        }
        if (simple != Flattening && !Harmless.Contains(simple))
        {
            return new ConnectorFinding($"{transform} ({type}) is not known to keep every record: it may drop or change some");
        }
        if (config.ContainsKey($"{transform}.predicate"))
        {
            return new ConnectorFinding(
                $"{transform}.predicate is set: the transform applies to some records only; the others differ in form or epoch"
            );
        }
        string[] settings = simple switch
        {
            Flattening => [Deletes, FormerDeletes, Route, Fields],
            FromHeaders => [Operation],
            _ => [],
        };
        if (Array.Find(settings, setting => Placeholders.AreIn(Of(setting))) is { } unknown)
        {
            return ConnectorFinding.Placeholder($"{transform}.{unknown}");
        }
        if (simple == Flattening && !KeepsDeletes(Of(Deletes), Of(FormerDeletes)))
        {
            return new ConnectorFinding($"{transform} ({simple}) does not keep deletes: set its {Deletes} to rewrite");
        }
        if (simple == Flattening && Of(Route).Length > 0)
        {
            return new ConnectorFinding($"{transform}.{Route} is set: records go to topics that the sink does not read");
        }
        if (simple == Flattening && MissingField(Of(Fields)) is { } missing)
        {
            return new ConnectorFinding($"{transform}.{Fields} lacks {missing}: the sink puts such records aside; set it to {AllFields}");
        }
        if (simple == Flattening)
        {
            return new ConnectorFinding(
                $"{transform} ({simple}) drops each TRUNCATE, whatever its settings: the rows stay. Send whole envelopes"
            );
        }
        return simple == FromHeaders && Of(Operation).Trim().Equals("move", StringComparison.OrdinalIgnoreCase)
            ? new ConnectorFinding($"{transform}.{Operation} is move: fields are taken out of the records; it has to be copy")
            : null;

        string Of(string setting) => config.GetValueOrDefault($"{transform}.{setting}", "");
    }

    // A field may be renamed behind a colon; the sink knows it by its own name.
    static string? MissingField(string list)
    {
        var fields = list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return Array.Find(NeededFields, names => !names.Any(fields.Contains))?[^1];
    }

    static bool KeepsDeletes(string mode, string former) =>
        mode.StartsWith("rewrite", StringComparison.OrdinalIgnoreCase) || former.Equals("rewrite", StringComparison.OrdinalIgnoreCase);
}
