using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;

namespace Betting.CdcSink.Write;

/// <summary>What is repeated of a batch until ClickHouse takes it: its changes and rows and, of a whole batch, its progress.</summary>
/// <param name="applier">Gives a batch its effect.</param>
/// <param name="batch">A batch, or a part of one.</param>
/// <param name="before">What has to be done before its progress is recorded.</param>
/// <param name="what">Names it in the log.</param>
sealed class BatchAttempt(BatchApplier applier, ChangeBatch batch, Task before, string what)
{
    bool _isStored,
        _isDivided;

    public string What => what;

    /// <summary>True where smaller parts may succeed: what is not stored yet are changes and rows of several records.</summary>
    public bool IsDivisible => !_isStored && batch.Records > 1;

    public async Task RunAsync(CancellationToken cancellation)
    {
        if (!_isStored)
        {
            await applier.StoreAsync(batch, cancellation);
            _isStored = true;
        }
        if (batch.PartOf is null)
        {
            await applier.RecordAsync(batch, before, cancellation);
        }
    }

    /// <summary>It failed. ClickHouse may come back from an outage without what it acknowledged before, so that is sent again.</summary>
    public void Fail(FailureClass kind) => _isStored &= kind != FailureClass.Unavailable || _isDivided;

    /// <summary>Its parts are stored.</summary>
    public void StoredInParts() => _isStored = _isDivided = true;
}
