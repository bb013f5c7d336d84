using Betting.Local.Load.Traffic;

namespace Betting.Local.Load.Doors;

/// <summary>What the brokers have confirmed so far.</summary>
public sealed class Published
{
    long _commands;
    long _duplicates;
    long _malformed;

    public long Commands => Interlocked.Read(ref _commands);
    public long Duplicates => Interlocked.Read(ref _duplicates);
    public long Malformed => Interlocked.Read(ref _malformed);
    public long Messages => Commands + Duplicates + Malformed;

    public void Confirm(MessageNature nature)
    {
        switch (nature)
        {
            case MessageNature.Command:
                Interlocked.Increment(ref _commands);
                break;
            case MessageNature.Duplicate:
                Interlocked.Increment(ref _duplicates);
                break;
            default:
                Interlocked.Increment(ref _malformed);
                break;
        }
    }
}
