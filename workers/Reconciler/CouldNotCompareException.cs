namespace Betting.Reconciler;

/// <summary>The run can say neither equal nor different; the message says in one line why.</summary>
sealed class CouldNotCompareException(string message, Exception? inner = null) : Exception(message, inner);
