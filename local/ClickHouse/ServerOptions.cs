namespace Betting.Local.ClickHouse;

/// <summary>What the host can be told on its command line.</summary>
sealed record ServerOptions
{
    /// <summary>TCP port on 127.0.0.1; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>The folder with the data.</summary>
    public required string Path { get; init; }

    /// <summary>The engine's library.</summary>
    public required string Library { get; init; }

    /// <summary>Queries that run at a time; further ones wait.</summary>
    public int MaxConcurrent { get; init; } = 16;

    /// <summary>How long a query waits for its turn before it is refused with TOO_MANY_SIMULTANEOUS_QUERIES.</summary>
    public TimeSpan QueueTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes that all queries together may take; 0 is nine tenths of the machine's memory.</summary>
    public long MemoryLimit { get; init; } = 2L << 30;

    /// <summary>Bytes of a request's first line, which carries the parameters.</summary>
    public int MaxRequestLine { get; init; } = 1 << 20;

    /// <summary>Bytes of a request's body as sent.</summary>
    public long MaxBody { get; init; } = 4L << 30;

    /// <summary>Bytes of a statement that is no INSERT of data, and of all parameters of a form together.</summary>
    public int MaxStatement { get; init; } = 64 << 20;

    /// <summary>How long queries may go on after the host was told to stop.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(20);
}
