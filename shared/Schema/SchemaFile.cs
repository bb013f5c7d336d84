using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Betting.Schema;

/// <summary>A file of <c>ClickHouse/</c>.</summary>
/// <param name="Name">Its name, which orders the files.</param>
/// <param name="Sql">Its text.</param>
sealed record SchemaFile(string Name, string Sql)
{
    const string Folder = ".ClickHouse.";

    /// <summary>All files in their order, the numbered ones first.</summary>
    public static IReadOnlyList<SchemaFile> All { get; } = [.. Read()];

    /// <summary>True for a file that is applied once. The others are applied again whenever they or a numbered file have changed.</summary>
    public bool IsNumbered => IsNumberedName(Name);

    /// <summary>SHA-256 of its text.</summary>
    public string Hash { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    public static bool IsNumberedName(string name) => char.IsAsciiDigit(name[0]);

    /// <summary>Its statements in their order, for one server or, with its name, for a cluster.</summary>
    public IEnumerable<string> Statements(string? cluster) => StatementsOf(Sql, cluster);

    internal static IEnumerable<string> StatementsOf(string sql, string? cluster) =>
        cluster is null ? SqlStatements.Of(sql) : SqlStatements.Of(sql).SelectMany(new ClusterVariant(cluster).Of);

    static IEnumerable<SchemaFile> Read()
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (
            var resource in assembly
                .GetManifestResourceNames()
                .Where(name => name.Contains(Folder, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        )
        {
            using var text = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            yield return new SchemaFile(resource[(resource.IndexOf(Folder, StringComparison.Ordinal) + Folder.Length)..], text.ReadToEnd());
        }
    }
}
