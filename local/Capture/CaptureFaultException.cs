namespace Betting.Local.Capture;

/// <summary>
/// What is set up in PostgreSQL or Kafka does not allow to capture. Somebody has to change it; capture tries again and again.
/// </summary>
public sealed class CaptureFaultException(string message, Exception? inner = null) : Exception(message, inner);
