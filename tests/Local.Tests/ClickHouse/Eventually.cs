using Xunit;

namespace Betting.Tests.Local.ClickHouse;

static class Eventually
{
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits for a condition; fails when it does not come within the limit.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, int seconds = 20)
    {
        long since = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(since).TotalSeconds > seconds)
                Assert.Fail($"Not within {seconds} s: {what}");
            await Task.Delay(Look, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
