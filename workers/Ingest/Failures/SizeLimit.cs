namespace Betting.Ingest.Failures;

/// <summary>
/// How many commands one transaction takes at most: halved when that many were too much for PostgreSQL, doubled again once full
/// transactions pass. Each growth that fails doubles the transactions that must pass before the next one, up to 64. Thread-safe.
/// </summary>
/// <param name="most">The limit while nothing is too much.</param>
public sealed class SizeLimit(int most)
{
    const int MostBeforeGrowth = 64;

    readonly int _most = most;
    readonly Lock _gate = new();
    int _size = most,
        _passed,
        _beforeGrowth = 1;
    bool _grown;

    public int Size
    {
        get
        {
            lock (_gate)
            {
                return _size;
            }
        }
    }

    /// <summary>A transaction of <paramref name="count"/> was too much.</summary>
    /// <returns>The new limit.</returns>
    public int TooMuch(int count)
    {
        lock (_gate)
        {
            if (_grown)
            {
                _beforeGrowth = Math.Min(_beforeGrowth * 2, MostBeforeGrowth);
            }
            (_size, _passed, _grown) = (Math.Clamp(count / 2, 1, _size), 0, false);
            return _size;
        }
    }

    /// <summary>A transaction of <paramref name="count"/> was committed; smaller ones than the limit say nothing about it.</summary>
    public void Passed(int count)
    {
        lock (_gate)
        {
            if (count < _size || ++_passed < _beforeGrowth)
            {
                return;
            }
            if (_size == _most)
            {
                _beforeGrowth = 1;
            }
            (_grown, _size, _passed) = (_size < _most, (int)Math.Min(_size * 2L, _most), 0);
        }
    }
}
