namespace Betting.CdcSink.Messages;

/// <summary>
/// How far <c>data_as_of</c> may go while a reconciliation is asked for and no run has found everything equal. It never goes beyond
/// where it is when the reconciliation is asked for.
/// </summary>
/// <param name="Until">
/// Microseconds since 1970 UTC; what was committed before it is proven whatever the sign means. Null: the request holds nothing.
/// </param>
public readonly record struct Hold(long? Until)
{
    /// <summary>The request says that nothing may be missing: <c>data_as_of</c> goes on.</summary>
    public static readonly Hold None = new(null);

    /// <summary>What is visible now is proven; what comes after it is not.</summary>
    public static readonly Hold Now = new(long.MaxValue);

    /// <summary>Nothing is proven: nobody knows how far back the fault goes.</summary>
    public static readonly Hold All = new(0);
}
