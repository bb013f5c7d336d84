using Serilog.Core;
using Serilog.Events;

namespace Betting.Hosting;

/// <summary>Gives each log event its number as a property of its own, for the text form; runbooks and alerts name events by it.</summary>
sealed class EventNumber : ILogEventEnricher
{
    /// <summary>The property; events without a number have none.</summary>
    public const string Property = "EventNumber";

    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        if (
            logEvent.Properties.GetValueOrDefault("EventId") is StructureValue id
            && id.Properties.FirstOrDefault(part => part.Name == "Id")?.Value is ScalarValue { Value: int number }
        )
        {
            logEvent.AddPropertyIfAbsent(new LogEventProperty(Property, new ScalarValue(number)));
        }
    }
}
