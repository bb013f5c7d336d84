using System.Text.Json;
using Betting.Ingest.RabbitMq;
using Betting.Local.Engines;

namespace Betting.Tests.Ingest.RabbitMq;

/// <summary>Which keys of a policy lose messages.</summary>
public sealed class RabbitPolicyRuleTests
{
    [Theory]
    [InlineData("""{"message-ttl":60000}""", "message-ttl")]
    [InlineData("""{"message-ttl":"60000","queue-version":2}""", "message-ttl")]
    [InlineData("""{"expires":1800000}""", "expires")]
    [InlineData("""{"overflow":"drop-head"}""", "overflow")]
    [InlineData("""{"overflow":"reject-publish-dlx"}""", "overflow")]
    [InlineData("""{"overflow":1}""", "overflow")]
    [InlineData("""{"delivery-limit":20}""", "delivery-limit")]
    [InlineData("""{"delivery-limit":99}""", "delivery-limit")]
    [InlineData("""{"delivery-limit":1e9}""", null)]
    [InlineData("""{"delivery-limit":"20"}""", "delivery-limit")]
    [InlineData("""{"dead-letter-exchange":"lost"}""", "dead-letter-exchange")]
    [InlineData("""{"overflow":"reject-publish"}""", null)]
    [InlineData("""{"max-in-memory-length":100000,"queue-version":2,"queue-leader-locator":"balanced"}""", null)]
    [InlineData("""{"delivery-limit":1000000}""", null)]
    [InlineData("{}", null)]
    [InlineData("[]", null)]
    [InlineData("null", null)]
    public void A_key_that_loses_messages_is_named(string policy, string? key)
    {
        using var parsed = JsonDocument.Parse(policy);

        foreach (var queue in RabbitPolicies.Queues)
        {
            var lines = RabbitPolicies.WhatIsBroken(queue, parsed.RootElement).ToList();

            Assert.Equal(key is null ? [] : [$"a policy sets {key} for {queue}"], lines.ConvertAll(line => line.Split(':')[0]));
        }
    }

    [Theory]
    [InlineData("max-length")]
    [InlineData("max-length-bytes")]
    public void A_limit_of_length_changes_the_order_of_commands_and_does_no_harm_to_dead_letters(string key)
    {
        using var parsed = JsonDocument.Parse($$"""{"{{key}}":100000,"overflow":"reject-publish"}""");

        Assert.StartsWith(
            $"a policy sets {key} for bet-commands: ",
            Assert.Single(RabbitPolicies.WhatIsBroken(RabbitPolicies.Queues[0], parsed.RootElement)),
            StringComparison.Ordinal
        );
        Assert.Empty(RabbitPolicies.WhatIsBroken(RabbitPolicies.Queues[1], parsed.RootElement));
    }

    [Fact]
    public void The_queue_of_commands_needs_a_hundred_deliveries_and_that_of_dead_letters_a_million()
    {
        using var policy = JsonDocument.Parse("""{"delivery-limit":100}""");

        Assert.Equal([0, 1], RabbitPolicies.Queues.Select(queue => RabbitPolicies.WhatIsBroken(queue, policy.RootElement).Count()));
    }

    [Fact]
    public void The_docs_and_compose_ship_the_policy_of_this_machines_RabbitMQ()
    {
        foreach (var page in new[] { "docs/ingest.md", "docs/runbooks/ingest.md" })
        {
            Assert.Contains(
                $$"""rabbitmqctl set_policy bet-commands '^bet-commands' '{"overflow":"reject-publish"}' --priority {{RabbitServer.ShieldPriority}} --apply-to queues""",
                File.ReadAllText(Path.Combine(Installed.ProjectRoot, page)),
                StringComparison.Ordinal
            );
        }
        Assert.Contains(
            $$"""declare, policy, name=bet-commands, "pattern=^bet-commands", 'definition={"overflow":"reject-publish"}', priority={{RabbitServer.ShieldPriority}}, apply-to=queues]""",
            File.ReadAllText(Path.Combine(Installed.ProjectRoot, "compose/compose.yaml")),
            StringComparison.Ordinal
        );
    }
}
