namespace Betting.CdcSink.Join;

/// <summary>
/// How many bets a statement takes: half as many after each statement that was too much, so that no refused statement is repeated as it
/// was. It grows like a TCP window: doubles with each page up to half of the size that failed first, then once in
/// <see cref="PagesBeforeGrowth"/> pages. So an outage that looked like a refusal is forgotten within a few pages, and a limit of the
/// server is met rarely. Safe for several callers.
/// </summary>
/// <param name="most">Where it begins and what it never exceeds.</param>
public sealed class PageSize(int most)
{
    /// <summary>A page that is always too much costs one failure in so many pages.</summary>
    public const int PagesBeforeGrowth = 64;

    readonly int _most = most;
    readonly object _gate = new();
    int _current = most,
        _threshold = most,
        _succeeded;
    bool _failing;

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
            var half = Math.Max(1, _current / 2);
            (_threshold, _failing) = (_failing ? _threshold : half, true);
            (_current, _succeeded) = (half, 0);
        }
    }

    /// <summary>A page succeeded.</summary>
    public void Succeed()
    {
        lock (_gate)
        {
            _failing = false;
            if (_current < _threshold || (_current < _most && ++_succeeded >= PagesBeforeGrowth))
            {
                var limit = _current < _threshold ? _threshold : _most;
                (_current, _succeeded) = ((int)Math.Min(limit, _current * 2L), 0);
            }
        }
    }
}
