using Betting.Connections;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>Which of PostgreSQL's settings break what a worker needs.</summary>
public sealed class PostgresSettingsTests
{
    const PostgresNeeds All = PostgresNeeds.Durability | PostgresNeeds.Writes | PostgresNeeds.Capture;

    static readonly Dictionary<string, string> Right = new()
    {
        ["fsync"] = "on",
        ["full_page_writes"] = "on",
        ["synchronous_commit"] = "on",
        ["default_transaction_read_only"] = "off",
        ["session_replication_role"] = "origin",
        ["wal_level"] = "logical",
    };

    [Fact]
    public void A_server_as_it_should_be_breaks_nothing() => Assert.Empty(PostgresSettings.WhatIsBroken(Right, [], All));

    [Theory]
    [InlineData("fsync", "off", PostgresNeeds.Durability)]
    [InlineData("full_page_writes", "off", PostgresNeeds.Durability)]
    [InlineData("synchronous_commit", "off", PostgresNeeds.Durability)]
    [InlineData("default_transaction_read_only", "on", PostgresNeeds.Writes)]
    [InlineData("session_replication_role", "replica", PostgresNeeds.Writes)]
    [InlineData("wal_level", "replica", PostgresNeeds.Capture)]
    [InlineData("wal_level", "minimal", PostgresNeeds.Capture)]
    public void A_setting_that_breaks_a_promise_is_named_to_whoever_made_it(string setting, string value, PostgresNeeds need)
    {
        var settings = new Dictionary<string, string>(Right) { [setting] = value };

        Assert.StartsWith(setting, Assert.Single(PostgresSettings.WhatIsBroken(settings, [], All)), StringComparison.Ordinal);
        Assert.Empty(PostgresSettings.WhatIsBroken(settings, [], All & ~need));
    }

    [Theory]
    [InlineData("local")]
    [InlineData("remote_write")]
    [InlineData("remote_apply")]
    public void A_commit_that_waits_for_the_disk_is_durable(string value) =>
        Assert.Empty(
            PostgresSettings.WhatIsBroken(
                new Dictionary<string, string>(Right) { ["synchronous_commit"] = value, ["synchronous_standby_names"] = "" },
                [],
                All
            )
        );

    [Fact]
    public void A_commit_that_waits_for_the_disk_alone_breaks_the_promise_where_standbys_are_named()
    {
        var settings = new Dictionary<string, string>(Right) { ["synchronous_standby_names"] = "*" };

        Assert.Empty(PostgresSettings.WhatIsBroken(settings, [], All));
        settings["synchronous_commit"] = "local";
        Assert.StartsWith("synchronous_commit", Assert.Single(PostgresSettings.WhatIsBroken(settings, [], All)), StringComparison.Ordinal);
        Assert.Empty(PostgresSettings.WhatIsBroken(settings, [], All & ~PostgresNeeds.Durability));
    }

    [Fact]
    public void A_table_that_is_not_durable_breaks_the_promise_of_who_acknowledges()
    {
        PartialTable[] tables = [new("commands", IsDurable: false)];

        Assert.StartsWith(
            "commands is UNLOGGED",
            Assert.Single(PostgresSettings.WhatIsBroken(Right, tables, All)),
            StringComparison.Ordinal
        );
        Assert.Empty(PostgresSettings.WhatIsBroken(Right, tables, All & ~PostgresNeeds.Durability));
    }

    [Theory]
    [InlineData(PostgresNeeds.Durability)]
    [InlineData(PostgresNeeds.Writes)]
    [InlineData(PostgresNeeds.Capture)]
    public void A_table_that_hides_rows_breaks_a_promise_of_every_worker(PostgresNeeds needs) =>
        Assert.StartsWith(
            "row-level security of wallets",
            Assert.Single(PostgresSettings.WhatIsBroken(Right, [new("wallets", HidesRows: true)], needs)),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_table_that_hides_rows_from_the_connector_breaks_the_promise_of_who_relies_on_capture()
    {
        PartialTable[] tables = [new("bets", HidesCapturedRows: true)];

        Assert.Contains(
            "the connector's role replicator",
            Assert.Single(PostgresSettings.WhatIsBroken(Right, tables, All)),
            StringComparison.Ordinal
        );
        Assert.Empty(PostgresSettings.WhatIsBroken(Right, tables, All & ~PostgresNeeds.Capture));
    }
}
