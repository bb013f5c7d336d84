using System.Diagnostics;
using System.Globalization;
using Betting.Contracts.Commands;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Worker;
using Npgsql;

namespace Betting.Tests.Ingest.Docs;

public sealed class ExampleTests(Servers servers)
{
    const long First = 9_007_199_254_740_993;

    static readonly string Folder = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../docs/examples"));

    [Fact]
    public async Task Every_example_publishes_commands_that_are_accepted()
    {
        await using var stage = await Stage.SetAsync(servers, partitions: 4);
        stage.Start();
        var (rabbit, kafka) = (stage.Settings[1].Split('=', 2)[1], stage.Kafka.BootstrapServers);
        (string Program, string File, string Address)[] examples =
        [
            ("/usr/bin/python3", "rabbitmq.py", rabbit),
            ("/usr/bin/python3", "kafka.py", kafka),
            ("node", "rabbitmq.mjs", rabbit),
            ("node", "kafka.mjs", kafka),
            ("bash", "rabbitmq.sh", rabbit),
            ("bash", "kafka.sh", kafka),
            ("/usr/bin/python3", "request.py", rabbit),
            ("node", "request.mjs", rabbit),
        ];
        Assert.Equal(
            examples.Select(example => example.File).Append("outcome.sql").Append("validate.mjs").Order(),
            Directory
                .GetFiles(Folder)
                .Select(file => Path.GetFileName(file))
                .Where(file => !file.EndsWith(".json", StringComparison.Ordinal))
                .Order()
        );

        for (var index = 0; index < examples.Length; index++)
        {
            // Ids of more than 53 bits.
            var said = await RunAsync(
                examples[index].Program,
                Path.Combine(Folder, examples[index].File),
                examples[index].Address,
                (First + index).ToString(CultureInfo.InvariantCulture)
            );
            Assert.Equal(
                examples[index].File.StartsWith("request", StringComparison.Ordinal) ? ["register-user accepted", "deposit accepted"] : [],
                said.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            );
        }

        await stage.SomeAppliedAsync(2 * examples.Length);
        await using var balances = stage.Postgres.CreateCommand(
            "SELECT string_agg(user_id || ' ' || balance, ', ' ORDER BY user_id) FROM wallets"
        );
        Assert.Equal(
            string.Join(", ", Enumerable.Range(0, examples.Length).Select(index => $"{First + index} 12.50")),
            await balances.ExecuteScalarAsync(TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task The_look_up_by_SQL_tells_outcomes_of_the_journal_and_its_archive_to_a_reader()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] commands = [Given.Register(), Given.Withdraw(5_00), Given.Settle(bet: 77, cents: 1)];
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.Rabbit.PublishAsync(Stage.Encoded(commands));
        await stage.AppliedAsync(commands);
        await using (
            var archive = stage.Postgres.CreateCommand(
                """
                WITH old AS (DELETE FROM commands WHERE kind = 'register-user' RETURNING *)
                INSERT INTO commands_archive (command_id, kind, payload_hash, outcome, reason, bet_id, user_id, event_id, issued_at,
                    applied_at)
                SELECT command_id, kind, payload_hash, outcome, reason, bet_id, user_id, event_id, issued_at, applied_at FROM old
                """
            )
        )
        {
            Assert.Equal(1, await archive.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        }
        var sql = await File.ReadAllTextAsync(Path.Combine(Folder, "outcome.sql"), TestContext.Current.CancellationToken);

        var told = new List<string>();
        foreach (var command in commands)
        {
            await using var connection = await stage.Postgres.OpenConnectionAsync(TestContext.Current.CancellationToken);
            await using (var role = new NpgsqlCommand("SET ROLE reader", connection))
            {
                await role.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            }
            await using var look = new NpgsqlCommand(sql.Replace(":id", $"'{command.Id}'", StringComparison.Ordinal), connection);
            await using var rows = await look.ExecuteReaderAsync(TestContext.Current.CancellationToken);
            Assert.True(await rows.ReadAsync(TestContext.Current.CancellationToken));
            told.Add($"{rows.GetString(0)} {rows.GetString(1)} {rows.GetBoolean(3)} {rows.GetValue(4)}");
        }

        Assert.Equal(["register-user accepted True ", "withdraw rejected True ", "settle-bet parked False bet"], told);
    }

    [Fact]
    public async Task The_check_takes_the_files_that_publish_takes_and_says_in_one_line_what_it_cannot_read()
    {
        await using var stage = await Stage.SetAsync(servers);
        var file = Path.Combine(stage.Folder, "strange.jsonl");
        byte[] mark = [0xEF, 0xBB, 0xBF],
            space = [(byte)' '];
        var (first, second, third, last) = (Json(1), Json(2), Json(3), Json(4));
        // As large as a command may be, before the line's end.
        byte[] whole = [.. third, .. Enumerable.Repeat(space[0], CommandContract.MaxBytes - third.Length)];
        await WriteAsync([
            .. mark,
            .. first,
            .. "\r\n \t \r\n\r\n\n"u8,
            .. mark,
            .. "\n"u8,
            .. mark,
            .. "\r"u8,
            .. second,
            .. "\n"u8,
            .. whole,
            .. "\r\n"u8,
            .. last,
        ]);
        var (code, output) = await IngestProcess.RunAsync(stage.Folder, ["publish", "--to", "rabbitmq", file, stage.Settings[1]]);
        Assert.True(code == 0, output);
        var sent = await stage.Rabbit.TakeCommandsAsync(4);
        Assert.All(sent, message => Assert.True(CommandDecoder.TryDecode(message.Body.Span, out _, out var refusal), refusal?.ToString()));
        Assert.Equal((0, "", ""), await CheckAsync(file));

        // What publish sends and Ingest refuses, by its line.
        await WriteAsync([
            .. first,
            .. "\n"u8,
            .. whole,
            .. " \r\n"u8,
            .. mark,
            .. mark,
            .. first,
            .. "\n"u8,
            0xC3,
            .. "\n{\r}\u001B\n"u8,
            .. second,
            .. "\r\r\n"u8,
            0xFF,
        ]);
        var (invalid, lines, errors) = await CheckAsync(file);
        Assert.Equal((1, ""), (invalid, errors));
        Assert.Equal(
            [
                "2: the command is 16385 bytes: keep it within 16384",
                "3: Unexpected token",
                "4: encode it as UTF-8",
                "5: Unexpected non-white",
                "7: encode it as UTF-8",
            ],
            lines
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line =>
                    line[
                        ..Math.Min(
                            line.Length,
                            line[0] switch
                            {
                                '3' => 19,
                                '5' => 23,
                                _ => 200,
                            }
                        )
                    ]
                )
        );
        Assert.DoesNotContain('\u001B', lines);

        await File.WriteAllTextAsync(file, "{}", System.Text.Encoding.Unicode, TestContext.Current.CancellationToken);
        Assert.Equal((2, "", "validate.mjs: FILE is UTF-16: save it as UTF-8\n"), await CheckAsync(file));
        Assert.Equal((2, "", "validate.mjs: give one FILE, or - for standard input\n"), await CheckAsync());
        foreach (var unreadable in new[] { Path.Combine(stage.Folder, "absent.jsonl"), stage.Folder })
        {
            var (unread, said, why) = await CheckAsync(unreadable);
            Assert.Equal((2, ""), (unread, said));
            Assert.Matches("^validate.mjs: E[A-Z]+: [^\n]+\n$", why);
        }

        static byte[] Json(int user) => CommandEncoder.Encode(Given.Register(user));

        Task WriteAsync(byte[] bytes) => File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
    }

    static async Task<(int ExitCode, string Output, string Errors)> CheckAsync(params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo("node", [Path.Combine(Folder, "validate.mjs"), .. arguments])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            }
        )!;
        var said = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await said, errors);
    }

    static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true }
        )!;
        var said = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{arguments[0]}: {errors}");
        return await said;
    }
}
