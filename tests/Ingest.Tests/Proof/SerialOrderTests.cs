using Betting.Tests.Fixtures;
using CsCheck;

namespace Betting.Tests.Ingest.Proof;

/// <summary>
/// Whatever several replicas do at the same time, its result and every single outcome is that of one command after another,
/// in an order that keeps each publisher's own.
/// </summary>
public sealed class SerialOrderTests(Servers servers)
{
    [Fact]
    public async Task Whatever_replicas_do_at_the_same_time_some_serial_order_explains_it()
    {
        await using var database = await ProofDatabase.CreateAsync(servers);

        await HistoryGen.Histories.SampleAsync(
            database.CheckAsync,
            TestContext.Current.TestOutputHelper!.WriteLine,
            iter: TestSize.Of(40, 3_000),
            threads: 1,
            print: history => history.ToString()
        );

        await Store.Invariants.HoldAsync(database.Admin);
        // The bound is hit often enough to be worth the name.
        TestContext.Current.TestOutputHelper!.WriteLine($"{database.ReleasesInParts} releases in parts");
        Assert.InRange(database.ReleasesInParts, 10, int.MaxValue);
    }

    [Theory]
    [InlineData(nameof(PlantedBug.LostUpdate))]
    [InlineData(nameof(PlantedBug.WriteSkew))]
    [InlineData(nameof(PlantedBug.EventNotHeld))]
    [InlineData(nameof(PlantedBug.SplitJournal))]
    [InlineData(nameof(PlantedBug.OpenGate))]
    [InlineData(nameof(PlantedBug.OvertakenRelease))]
    public async Task A_planted_bug_is_found(string bug)
    {
        var planted = (string)typeof(PlantedBug).GetProperty(bug)!.GetValue(null)!;
        await using var database = await ProofDatabase.CreateAsync(servers, planted);

        var found = await FirstWrongAsync(database, histories: 400);

        TestContext.Current.TestOutputHelper!.WriteLine($"{bug} found by history {found.Number}: {found.What.Split('\n')[0]}");
    }

    static async Task<(int Number, string What)> FirstWrongAsync(ProofDatabase database, int histories)
    {
        var random = new PCG(0);
        for (var number = 1; number <= histories; number++)
        {
            try
            {
                await database.CheckAsync(HistoryGen.Histories.Generate(random, null, out _));
            }
            catch (NotSerialException wrong)
            {
                return (number, wrong.Message);
            }
        }
        throw new Xunit.Sdk.XunitException($"{histories} histories did not find it");
    }
}
