using Betting.Hosting;

namespace Betting.DeadLetters;

/// <summary>
/// Somebody else works on the same letters: another replay or drop, which would send them too, or a look that holds some of them.
/// </summary>
/// <param name="message">Who, and what to do.</param>
public sealed class LettersInUseException(string message = "another replay or drop works on these letters; ask again later")
    : Exception(message);

/// <summary>Lets a verb end with the exit code of a store that could not be asked.</summary>
public sealed class LettersInUse : IStoreFailures
{
    public string Name => "dead letters";

    public string Store => "the dead letters";

    public bool IsUsed => false;

    public string? Describe(Exception failure) => failure is LettersInUseException ? failure.Message : null;
}
