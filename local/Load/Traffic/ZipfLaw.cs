namespace Betting.Local.Load.Traffic;

/// <summary>Picks 0 … n−1 with probability proportional to 1 / (rank + 1)^s.</summary>
sealed class ZipfLaw
{
    readonly double[] _cumulated;

    public ZipfLaw(int count, double exponent)
    {
        _cumulated = new double[count];
        var sum = 0.0;
        for (var rank = 0; rank < count; rank++)
        {
            sum += Math.Pow(rank + 1, -exponent);
            _cumulated[rank] = sum;
        }
    }

    public int Pick(Random random)
    {
        var at = Array.BinarySearch(_cumulated, random.NextDouble() * _cumulated[^1]);
        return Math.Min(at < 0 ? ~at : at, _cumulated.Length - 1);
    }
}
