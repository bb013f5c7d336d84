using System.Diagnostics;
using System.Text;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using CsCheck;
using Xunit;

namespace Betting.Tests.Shared.Contracts;

/// <summary>The JSON Schema, run by ajv in its strict mode without a checker of formats, against the decoder.</summary>
public sealed class CommandSchemaTests
{
    static readonly string Examples = Path.Combine(Installed.ProjectRoot, "docs", "examples");

    [Fact]
    public async Task Schema_and_decoder_agree_on_generated_commands_and_the_schema_takes_whatever_the_decoder_takes()
    {
        var commands = new List<WrittenCommand>();
        CommandText.Commands.Sample(commands.Add, iter: 60_000, threads: 1);

        var invalid = await ValidateAsync(commands.Select(command => command.Json));

        var wrong = new List<string>();
        var (accepted, refused) = (0, 0);
        foreach (var (at, command) in commands.Index())
        {
            var decodes = CommandDecoder.TryDecode(Encoding.UTF8.GetBytes(command.Json), out _, out var refusal);
            var isValid = !invalid.TryGetValue(at, out var errors);
            (accepted, refused) = decodes ? (accepted + 1, refused) : (accepted, refused + 1);
            // One way always; the other way but for what a schema cannot say.
            if ((decodes && !isValid) || (!decodes && isValid && command.IsSayable))
            {
                wrong.Add($"{command.Json}\n  schema: {errors ?? "valid"}\n  decoder: {refusal?.ToString() ?? "accepted"}");
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} differ, among them:\n{string.Join('\n', wrong.Take(10))}");
        Assert.True(accepted > 5_000 && refused > 5_000, $"{accepted} accepted, {refused} refused: the generator is one-sided");
    }

    [Fact]
    public async Task Every_amount_to_the_cent_is_valid_as_a_number()
    {
        var commands = Enumerable
            .Range(1, 10_000)
            .Select(cents =>
                $$"""
                    {"id":"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1","issuedAt":"2026-11-22T12:00:00.000Z","kind":"deposit","userId":1,"amount":{{(
                        cents / 100m
                    ).ToString(System.Globalization.CultureInfo.InvariantCulture)}}}
                    """
            )
            .ToList();

        Assert.Empty(await ValidateAsync(commands));
        Assert.All(commands, json => Assert.True(CommandDecoder.TryDecode(Encoding.UTF8.GetBytes(json), out _, out _), json));
    }

    [Theory]
    [InlineData("""{"id":"nonsense","kind":"deposit","issuedAt":"2026-11-22T12:00:00Z","userId":1,"amount":"1"}""", "/id")]
    [InlineData("""{"id":"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1","kind":"bet","issuedAt":"2026-11-22T12:00:00Z"}""", "/kind")]
    [InlineData(
        """{"id":"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1","kind":"deposit","issuedAt":"yesterday","userId":1,"amount":"1"}""",
        "/issuedAt"
    )]
    [InlineData(
        """{"id":"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1","kind":"deposit","issuedAt":"2026-11-22T12:00:00Z","userId":0,"amount":"1"}""",
        "/userId"
    )]
    [InlineData(
        """{"id":"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1","kind":"deposit","issuedAt":"2026-11-22T12:00:00Z","userId":1,"amount":"1,00"}""",
        "/amount"
    )]
    [InlineData(
        """{"id":"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1","kind":"cancel-bet","issuedAt":"2026-11-22T12:00:00Z","betId":1,"payout":null}""",
        "/payout"
    )]
    [InlineData(
        """{"id":"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1","kind":"deposit","issuedAt":"2026-11-22T12:00:00Z","userId":1}""",
        "/ must have required property 'amount'"
    )]
    public async Task One_mistake_is_one_error_at_its_place(string json, string error)
    {
        var errors = Assert.Single(await ValidateAsync([json])).Value;

        // A field that does not belong there may be wrong in itself as well.
        Assert.All(errors.Split("; "), each => Assert.StartsWith(error, each, StringComparison.Ordinal));
        Assert.True(errors.Split("; ").Length == 1 || error == "/payout", errors);
    }

    [Fact]
    public async Task The_check_also_knows_the_size_that_the_schema_cannot_say()
    {
        const string command =
            """{"id":"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1","kind":"rename-user","issuedAt":"2026-11-22T12:00:00Z","userId":1,"name":"é"}""";
        var bytes = System.Text.Encoding.UTF8.GetByteCount(command);

        var errors = await ValidateAsync([
            command.PadRight(command.Length + CommandContract.MaxBytes - bytes),
            command.PadRight(command.Length + CommandContract.MaxBytes - bytes + 1),
        ]);

        Assert.Equal(
            (1, "the command is 16385 bytes: keep it within 16384"),
            Assert.Single(errors.Select(error => (error.Key, error.Value)))
        );
    }

    // What is wrong with each that is not valid, by its place.
    static async Task<Dictionary<int, string>> ValidateAsync(IEnumerable<string> commands)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, string.Join('\n', commands), TestContext.Current.CancellationToken);
            using var node = Process.Start(
                new ProcessStartInfo("node", [Path.Combine(Examples, "validate.mjs"), file])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                }
            )!;
            var errors = node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await node.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal("", await errors);
            return output
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(": ", 2))
                .ToDictionary(parts => int.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture) - 1, parts => parts[1]);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
