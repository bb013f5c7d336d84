using Betting.Hosting;

namespace Betting.DeadLetters;

/// <summary>Another replay or drop works on the same letters; both would send them.</summary>
public sealed class LettersInUseException() : Exception("another replay or drop works on these letters; ask again later");

/// <summary>Lets a verb end with the exit code of a store that could not be asked.</summary>
public sealed class LettersInUse : IStoreFailures
{
    public string Name => "dead letters";

    public string Store => "the dead letters";

    public bool IsUsed => false;

    public string? Describe(Exception failure) => failure is LettersInUseException ? failure.Message : null;
}
