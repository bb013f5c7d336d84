using ClickHouse.Driver;

namespace Betting.CdcSink.ClickHouse;

/// <summary>
/// ClickHouse refused to insert the changes of a batch's records, or the rows of the batch's own bets. No other failure says that a record
/// is bad: the same codes in the answer to a read, or to the insert of something else, tell of what ClickHouse has stored.
/// </summary>
sealed class OwnRowsRefusedException(ClickHouseServerException cause) : Exception("ClickHouse refuses rows of these records", cause)
{
    public ClickHouseServerException Refusal => cause;

    /// <summary>Marks the refusal of data by this insert; any other failure stays as it is.</summary>
    public static async Task OfAsync(Task insert)
    {
        try
        {
            await insert;
        }
        catch (ClickHouseServerException refused) when (FailureTable.Of(refused.ErrorCode) == FailureClass.Data)
        {
            throw new OwnRowsRefusedException(refused);
        }
    }
}
