namespace Betting.CdcSink.Join;

/// <summary>
/// How many bets a statement takes. Half as many after each statement that was too much, so that no refused statement is repeated as it
/// was; twice as many after a number of pages that succeeded. Safe for several callers.
/// </summary>
/// <param name="most">Where it begins and what it never exceeds.</param>
public sealed class PageSize(int most)
{
    readonly int _most = most;
    /// <summary>A page that is always too much costs one failure in so many pages.</summary>
    public const int PagesBeforeGrowth = 64;

    readonly object _gate = new();
    int _current = most, _succeeded;

    public int Current
    {
        get
        {
            lock (_gate)
            {
                return _current;
            }
        }
    }

    /// <summary>A statement was too much.</summary>
    public void Shrink()
    {
        lock (_gate)
        {
            (_current, _succeeded) = (Math.Max(1, _current / 2), 0);
        }
    }

    /// <summary>A page succeeded.</summary>
    public void Succeed()
    {
        lock (_gate)
        {
            if (_current < _most && ++_succeeded >= PagesBeforeGrowth)
            {
                (_current, _succeeded) = ((int)Math.Min(_most, _current * 2L), 0);
            }
        }
    }
}
