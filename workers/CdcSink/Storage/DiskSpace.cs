namespace Betting.CdcSink.Storage;

/// <summary>A disk of ClickHouse's configuration.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Free">Bytes that are free on it, for everybody.</param>
/// <param name="Size">Bytes that it has.</param>
public sealed record DiskSpace(string Name, double Free, double Size);
