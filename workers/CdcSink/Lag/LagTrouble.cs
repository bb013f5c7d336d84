using Betting.CdcSink.ClickHouse;
using Betting.Connections;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Lag;

/// <summary>
/// What became of the questions behind the lag. A store that is away is an outage and told as one. Where a store answers, but not this
/// question, that is logged at the first failure and then once a minute, and once when it answers the question again. For one thread.
/// </summary>
public sealed class LagTrouble(Outages outages, ClickHouseOutage clickHouse, TimeProvider clock, ILogger<LagTrouble> log)
{
    const string Loop = "lag";
    static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1),
        SurelyNoOutage = TimeSpan.FromSeconds(15);

    // A connector stores its first position within a minute of its start.
    static readonly TimeSpan SurelyNoStart = TimeSpan.FromMinutes(1.5);

    readonly Dictionary<string, (long Since, long? Told)> _failing = [];
    long? _withoutPosition,
        _toldWithoutPosition,
        _inOtherEpoch,
        _toldOtherEpoch;

    public void KafkaFailed(KafkaException failure)
    {
        if (KafkaOutage.DetailOf(failure.Error.Code) is { } detail)
        {
            outages.Failed(Stores.Kafka, Loop, detail);
        }
        else
        {
            Failed(Stores.Kafka, failure.Error.Code.ToString());
        }
    }

    public void ClickHouseFailed(Exception failure, CancellationToken stopping)
    {
        if (!clickHouse.Report(Loop, failure, stopping))
        {
            ClickHouseErrors.Classify(failure, stopping, out var code);
            Failed(Stores.ClickHouse, code);
        }
    }

    /// <summary>Kafka Connect has one question, so whatever it lacks is an outage.</summary>
    public void ConnectFailed(string detail) => outages.Failed(Stores.Connect, Loop, detail);

    /// <summary>Without a position nothing says what is in the topics, so <c>data_as_of</c> does not move. Logged once a minute.</summary>
    public void ConnectHasPosition(bool isThere, string topicPrefix)
    {
        if (isThere)
        {
            (_withoutPosition, _toldWithoutPosition) = (null, null);
            return;
        }
        var now = clock.GetTimestamp();
        _withoutPosition ??= now;
        var lasts = clock.GetElapsedTime(_withoutPosition.Value, now);
        if (lasts >= SurelyNoStart && (_toldWithoutPosition is not { } told || clock.GetElapsedTime(told, now) >= TellEvery))
        {
            _toldWithoutPosition = now;
            CdcSinkLog.NoPosition(log, topicPrefix, lasts.TotalSeconds);
        }
    }

    /// <summary>
    /// A position proves nothing of watermarks in another epoch, so <c>data_as_of</c> does not move. Logged once a minute.
    /// </summary>
    /// <param name="connector">What the connector's settings give its records; null where they do not tell it.</param>
    /// <param name="watermarks">Of the newest watermarks; null where there are none.</param>
    public void ConnectIsOfEpoch(int? connector, int? watermarks)
    {
        if (connector is not { } gives || watermarks is not { } have || gives == have)
        {
            (_inOtherEpoch, _toldOtherEpoch) = (null, null);
            return;
        }
        var now = clock.GetTimestamp();
        _inOtherEpoch ??= now;
        var lasts = clock.GetElapsedTime(_inOtherEpoch.Value, now);
        if (lasts >= SurelyNoStart && (_toldOtherEpoch is not { } told || clock.GetElapsedTime(told, now) >= TellEvery))
        {
            _toldOtherEpoch = now;
            CdcSinkLog.OtherEpoch(log, gives, have, lasts.TotalSeconds);
        }
    }

    public void Answered(string store)
    {
        outages.Succeeded(store, Loop);
        if (_failing.Remove(store, out var failing) && failing.Told is not null)
        {
            CdcSinkLog.LagKnown(log, store, clock.GetElapsedTime(failing.Since).TotalSeconds);
        }
    }

    void Failed(string store, string code)
    {
        var now = clock.GetTimestamp();
        var failing = _failing.TryGetValue(store, out var known) ? known : (Since: now, Told: (long?)null);
        var lasts = clock.GetElapsedTime(failing.Since, now);
        // A store that stands still is told as an outage by then.
        var isEarly = code == ClickHouseErrors.Timeout && lasts < SurelyNoOutage;
        if (!isEarly && (failing.Told is null || clock.GetElapsedTime(failing.Told.Value, now) >= TellEvery))
        {
            failing.Told = now;
            CdcSinkLog.LagUnknown(log, store, code, lasts.TotalSeconds);
        }
        _failing[store] = failing;
    }
}
