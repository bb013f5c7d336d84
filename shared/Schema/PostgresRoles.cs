using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Betting.Schema;

/// <summary>Lets one of the schema's roles log in.</summary>
static class PostgresRoles
{
    const int Iterations = 4096;

    // Roles belong to the whole cluster. Where another database of it is migrated at the same moment, PostgreSQL lets the
    // two collide (XX000, "tuple concurrently updated") instead of wait; so the server itself tries again for two seconds.
    const string Statement = """
        SELECT format('DO %L', format('
            BEGIN
                FOR attempt IN 1..40 LOOP
                    BEGIN
                        EXECUTE %1$L;
                        RETURN;
                    EXCEPTION WHEN internal_error THEN
                        PERFORM pg_sleep(0.05);
                    END;
                END LOOP;
                EXECUTE %1$L;
            END', format('ALTER ROLE %I LOGIN PASSWORD %L', $1, $2)))
        """;

    /// <remarks>
    /// ALTER ROLE takes no parameters and may be logged by the server, so it is sent the SCRAM verifier that PostgreSQL would
    /// have stored (RFC 5803) and never the password.
    /// </remarks>
    public static async Task AllowLoginAsync(NpgsqlConnection connection, string role, string password, CancellationToken cancellation)
    {
        await using var format = new NpgsqlCommand(Statement, connection);
        format.Parameters.AddWithValue(role);
        format.Parameters.AddWithValue(Verifier(password));
        var statement = (string)(await format.ExecuteScalarAsync(cancellation))!;
        await using var alter = new NpgsqlCommand(statement, connection);
        await alter.ExecuteNonQueryAsync(cancellation);
    }

    static string Verifier(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        // SASLprep, as far as it matters for passwords: composed characters.
        var prepared = Encoding.UTF8.GetBytes(password.Normalize(NormalizationForm.FormKC));
        var salted = Rfc2898DeriveBytes.Pbkdf2(prepared, salt, Iterations, HashAlgorithmName.SHA256, 32);
        var storedKey = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}$"
                + $"{Convert.ToBase64String(storedKey)}:{Convert.ToBase64String(serverKey)}"
        );
    }
}
