namespace Betting.Tests.Fixtures;

/// <summary>How big a test is: small in every run, big in <c>./test --long</c>, which sets <c>LONG_TESTS=1</c>.</summary>
public static class TestSize
{
    /// <summary>Name of the environment variable.</summary>
    public const string Variable = "LONG_TESTS";

    public static bool IsLong { get; } = Environment.GetEnvironmentVariable(Variable) is "1";

    /// <summary>The number of whatever the test does many times.</summary>
    public static int Of(int usual, int large) => IsLong ? large : usual;
}
