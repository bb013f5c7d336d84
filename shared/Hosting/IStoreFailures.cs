namespace Betting.Hosting;

/// <summary>Recognises the failures of one store's client, so that messages name the store and need no stack trace.</summary>
public interface IStoreFailures
{
    /// <summary>The store alone, for example <c>PostgreSQL</c>: its label in metrics.</summary>
    string Name { get; }

    /// <summary>The store with its address, for example <c>PostgreSQL at 10.0.0.5:5432</c>; never a secret.</summary>
    string Store { get; }

    /// <summary>True where the worker uses the store; false where its settings name none.</summary>
    bool IsUsed => true;

    /// <summary>
    /// What is wrong in a few words, for example <c>connection refused</c>; null where the failure is none of this store's.
    /// </summary>
    string? Describe(Exception failure);

    /// <summary>True where a setting of this worker is not what the store has: starting again changes nothing, an operator does.</summary>
    bool IsSetting(Exception failure) => false;
}

/// <summary>All stores of a worker.</summary>
public sealed class StoreFailures(IEnumerable<IStoreFailures> stores)
{
    /// <summary>The store that failed and what is wrong with it; null where no store's client threw it.</summary>
    public (IStoreFailures Store, string Detail)? Recognise(Exception failure)
    {
        foreach (var store in stores)
        {
            if (store.Describe(failure) is { } detail)
            {
                return (store, detail.ReplaceLineEndings(" "));
            }
        }
        return null;
    }

    /// <summary>
    /// A failure that no store's client is known by, in one line. A cancellation that nobody asked for is a client's own limit.
    /// </summary>
    public static string LineOf(Exception failure) =>
        failure is OperationCanceledException ? "no answer in time" : failure.Message.ReplaceLineEndings(" ");

    /// <inheritdoc cref="IStoreFailures.IsSetting"/>
    public bool IsSetting(Exception failure) => stores.Any(store => store.IsSetting(failure));

    /// <summary>The names of all stores that the worker uses.</summary>
    public IEnumerable<string> Names => stores.Where(store => store.IsUsed).Select(store => store.Name).Distinct();

    /// <summary>The store with its address; the name alone where the worker has no such store.</summary>
    public string AddressOf(string name) => stores.FirstOrDefault(store => store.Name == name)?.Store ?? name;

    /// <summary>The failure and those that it wraps, the outermost first.</summary>
    public static IEnumerable<Exception> Chain(Exception failure)
    {
        for (Exception? each = failure; each is not null; each = each.InnerException)
        {
            yield return each;
        }
    }
}
