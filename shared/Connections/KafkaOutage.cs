using Betting.Hosting;
using Confluent.Kafka;

namespace Betting.Connections;

/// <summary>
/// Tells of brokers that are away, for a consumer's thread. librdkafka says many times a second that a connection failed, never
/// that the brokers are back, and nothing for a minute where they keep a connection open and stand still. So they are asked: every five
/// seconds while no record comes, and once a second while they are away.
/// </summary>
/// <param name="outages">Told.</param>
/// <param name="loop">The loop's name.</param>
/// <param name="other">Gets what is no outage, at most once a minute for each code.</param>
/// <param name="clock">Intervals.</param>
/// <param name="topic">Without this topic the brokers do not serve the worker; null where any answer will do.</param>
public sealed class KafkaOutage(Outages outages, string loop, Action<Error> other, TimeProvider clock, string? topic = null)
{
    static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1),
        Timeout = TimeSpan.FromMilliseconds(500),
        SayEvery = TimeSpan.FromMinutes(1);

    // A question that is not answered may have met a busy machine; several in a row have not.
    static readonly TimeSpan AskQuietEvery = TimeSpan.FromSeconds(5),
        QuietPatience = TimeSpan.FromSeconds(2);

    const int MostMissed = 2;

    // Partitions in a line of the log.
    const int MostNamed = 5;

    const string SessionRefused =
        "the group refuses Kafka:Client:session.timeout.ms: it lies outside of the brokers' "
        + "group.min.session.timeout.ms and group.max.session.timeout.ms (6000 and 1800000 by default)";

    readonly Dictionary<ErrorCode, long> _reported = [];
    long? _asked;
    long? _heard;
    int _missed;
    bool _came;
    bool _hasToldLeaders;

    // Why the group does not take this member, although the brokers answer.
    string? _refused;

    /// <summary>The consumer's error handler, and what becomes of an error that <c>Consume</c> throws.</summary>
    public void OnError(Error error)
    {
        switch (error.Code)
        {
            case var code when RefusalOf(code) is { } refusal:
                _refused = refusal;
                outages.Failed(Stores.Kafka, loop, refusal);
                break;
            // The reasons of Local_AllBrokersDown; one broker of several is no outage.
            case ErrorCode.Local_Transport or ErrorCode.Local_Resolve or ErrorCode.Local_TimedOut:
                break;
            default:
                if (!HasFailed(error))
                {
                    Report(error);
                }
                break;
        }
    }

    /// <summary>A poll failed: until the brokers are seen to serve again they do not, whatever the reason.</summary>
    public void OnPollFailed(Error error)
    {
        if (RefusalOf(error.Code) is not null)
        {
            OnError(error);
        }
        else if (!HasFailed(error))
        {
            outages.Failed(Stores.Kafka, loop, $"{error.Reason} ({error.Code})");
        }
    }

    /// <summary>A request failed. An outage is told; false where the error is none.</summary>
    public bool HasFailed(Error error)
    {
        if (DetailOf(error.Code) is not { } detail)
        {
            return false;
        }
        outages.Failed(Stores.Kafka, loop, detail);
        return true;
    }

    /// <summary>Whether every partition of this member has a leader that answers; the brokers may serve all else.</summary>
    /// <param name="without">Those that have none.</param>
    public void Led(IReadOnlyCollection<TopicPartition> without)
    {
        var leaders = $"{loop}-leaders";
        if (without.Count > 0)
        {
            _hasToldLeaders = true;
            outages.Failed(
                Stores.Kafka,
                leaders,
                $"no leader answers for "
                    + $"{string.Join(", ", without.Order().Take(MostNamed).Select(each => $"{each.Topic}/{each.Partition.Value}"))}"
                    + (without.Count > MostNamed ? $" and {without.Count - MostNamed} other partitions" : "")
            );
        }
        else if (_hasToldLeaders)
        {
            _hasToldLeaders = false;
            outages.Succeeded(Stores.Kafka, leaders);
        }
    }

    /// <summary>The group has given this member its partitions, perhaps none.</summary>
    public void Joined()
    {
        _refused = null;
        outages.Succeeded(Stores.Kafka, loop);
    }

    /// <summary>A record came: the brokers serve again.</summary>
    public void Came()
    {
        _came = true;
        if (outages.IsAway(Stores.Kafka))
        {
            Joined();
        }
    }

    /// <summary>Sees whether brokers that were away are back; to be called often, on the consumer's thread.</summary>
    public void Poll(IClient consumer)
    {
        if (!outages.IsAway(Stores.Kafka))
        {
            LookWhileThere(consumer);
            return;
        }
        if (_asked is { } asked && clock.GetElapsedTime(asked) < AskEvery)
        {
            return;
        }
        _asked = clock.GetTimestamp();
        if (_refused is { } refusal)
        {
            // Until it has joined, whatever the brokers answer else.
            outages.Failed(Stores.Kafka, loop, refusal);
            return;
        }
        switch (Ask(consumer, Timeout))
        {
            case true:
                outages.Succeeded(Stores.Kafka, loop);
                break;
            case null:
                // Still away: told once a minute.
                outages.Failed(Stores.Kafka, loop, "no broker answers");
                break;
        }
    }

    // Brokers that answer, but do not have the topic, are the consumer's own trouble.
    void LookWhileThere(IClient consumer)
    {
        if (_came || _heard is null)
        {
            (_came, _missed, _heard) = (false, 0, clock.GetTimestamp());
        }
        if (clock.GetElapsedTime(_heard.Value) < AskQuietEvery)
        {
            return;
        }
        if (Ask(consumer, QuietPatience) is not null)
        {
            (_missed, _heard) = (0, clock.GetTimestamp());
        }
        else if (++_missed >= MostMissed)
        {
            _missed = 0;
            outages.Failed(Stores.Kafka, loop, "no answer in time");
        }
    }

    // True where the brokers serve, false where they answer without the topic, null without an answer.
    bool? Ask(IClient consumer, TimeSpan patience)
    {
        try
        {
            using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
            return topic is null
                ? admin.GetMetadata(patience).Brokers.Count > 0
                : admin.GetMetadata(topic, patience).Topics is [{ Error.IsError: false }];
        }
        catch (KafkaException)
        {
            return null;
        }
    }

    /// <summary>What an error says about the brokers; null where they answered.</summary>
    public static string? DetailOf(ErrorCode code) =>
        code switch
        {
            ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Transport or ErrorCode.Local_Resolve => "no broker answers",
            ErrorCode.Local_TimedOut or ErrorCode.Local_TimedOutQueue or ErrorCode.Local_WaitCoord or ErrorCode.RequestTimedOut =>
                "no answer in time",
            ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed or ErrorCode.Local_Ssl => $"it refuses access ({code}): "
                + $"look at the Sasl and Ssl settings",
            _ => null,
        };

    // Answers to a member that joins, and to no other request.
    static string? RefusalOf(ErrorCode code) =>
        code switch
        {
            ErrorCode.InvalidSessionTimeout => SessionRefused,
            ErrorCode.InconsistentGroupProtocol => "the group refuses this member (InconsistentGroupProtocol): a member that is another "
                + "program is in it",
            ErrorCode.GroupMaxSizeReached => "the group refuses this member (GroupMaxSizeReached): it has the brokers' group.max.size of "
                + "members",
            _ => null,
        };

    void Report(Error error)
    {
        if (!_reported.TryGetValue(error.Code, out var last) || clock.GetElapsedTime(last) >= SayEvery)
        {
            _reported[error.Code] = clock.GetTimestamp();
            other(error);
        }
    }
}
