using Betting.Local.Capture.Source;

namespace Betting.Local.Capture.PgOutput;

/// <summary>Kinds of messages of the pgoutput plugin that matter here; their letters on the wire.</summary>
public enum MessageKind : byte
{
    Begin = (byte)'B',
    Commit = (byte)'C',
    Relation = (byte)'R',
    Insert = (byte)'I',
    Update = (byte)'U',
    Delete = (byte)'D',
    Truncate = (byte)'T',
    Logical = (byte)'M',
}

/// <summary>The last message read; used again for the next one. Which members count depends on <see cref="Kind"/>.</summary>
public sealed class PgOutputMessage
{
    public MessageKind Kind { get; internal set; }

    /// <summary>Begin: the transaction's id.</summary>
    public uint TransactionId { get; internal set; }

    /// <summary>Begin: the commit's time in microseconds since 1970.</summary>
    public long CommitMicros { get; internal set; }

    /// <summary>Relation, Insert, Update, Delete: the table's oid.</summary>
    public uint Relation { get; internal set; }

    public string Schema { get; internal set; } = "";

    public string Name { get; internal set; } = "";

    /// <summary>Relation: columns with the oid of their type.</summary>
    public List<(string Name, uint Type)> Columns { get; } = [];

    /// <summary>Update, Delete: whether <see cref="Old"/> has the old row, or only its key.</summary>
    public bool HasOld { get; internal set; }

    public Row Old { get; } = new();

    /// <summary>Insert, Update.</summary>
    public Row New { get; } = new();

    /// <summary>Truncate: the tables' oids.</summary>
    public List<uint> Truncated { get; } = [];

    /// <summary>Logical: whether it belongs to a transaction.</summary>
    public bool Transactional { get; internal set; }

    /// <summary>Logical.</summary>
    public string Prefix { get; internal set; } = "";

    /// <summary>Logical.</summary>
    public byte[] Content { get; internal set; } = [];
}
