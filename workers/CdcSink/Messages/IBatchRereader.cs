using Betting.Debezium;

namespace Betting.CdcSink.Messages;

/// <summary>Where the records of a batch can be had once more: they are not kept while it is applied.</summary>
public interface IBatchRereader
{
    /// <returns>Every record from which the batch was made, each partition's in order.</returns>
    Task<IReadOnlyList<StreamRecord>> ReadAsync(ChangeBatch batch, CancellationToken cancellation);
}
