using Betting.Local.ClickHouse.Engine;
using Betting.Local.ClickHouse.Queries;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Betting.Local.ClickHouse.Http;

/// <summary>Parameters (and the statement) in a form, the way to send values that are too long for a URL.</summary>
static class FormRequest
{
    public static bool Is(HttpRequest request) =>
        request.ContentType?.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>The request with what its form says; the URL's parameters stay where the form has none of that name.</summary>
    /// <exception cref="EngineException">The form is malformed, too large, or brings a table of its own.</exception>
    public static async Task<QueryRequest> ReadAsync(HttpRequest http, QueryRequest request, int limit, CancellationToken cancellation)
    {
        if (http.Headers.ContentEncoding.Count > 0)
            throw new EngineException(ErrorCode.NotImplemented, "A compressed form is not supported by this host");

        var parameters = new Dictionary<string, string>(request.Parameters, StringComparer.Ordinal);
        var statement = request.UrlStatement;
        try
        {
            var reader = new MultipartReader(Boundary(http), http.Body) { BodyLengthLimit = limit };
            for (var fields = 0; await reader.ReadNextSectionAsync(cancellation) is { } section; fields++)
            {
                HttpLimits.CheckCount(fields);
                var (name, value) = await ReadFieldAsync(section, cancellation);
                if (name.StartsWith("param_", StringComparison.Ordinal))
                    parameters[name["param_".Length..]] = value;
                else if (name == "query" && statement.Length == 0)
                    statement = value;
                else
                    throw new EngineException(
                        ErrorCode.NotImplemented,
                        $"The form's field {name} is not supported: query and param_* alone are"
                    );
            }
        }
        catch (Exception error) when (error is InvalidDataException or BadHttpRequestException)
        {
            throw new EngineException(
                ErrorCode.QueryIsTooLarge,
                $"The form is malformed, or larger than {limit} bytes: {error.Message}",
                error
            );
        }

        return request with
        {
            Parameters = parameters,
            UrlStatement = statement,
        };
    }

    static async Task<(string Name, string Value)> ReadFieldAsync(MultipartSection section, CancellationToken cancellation)
    {
        if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition) || !disposition.IsFormDisposition())
            throw new EngineException(ErrorCode.NotImplemented, "External data tables in a form are not supported by this host");

        var name = HeaderUtilities.RemoveQuotes(disposition.Name).ToString();
        HttpLimits.CheckName(name);
        return (name, await HttpLimits.ReadValueAsync(section.Body, cancellation));
    }

    static string Boundary(HttpRequest request)
    {
        var boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(request.ContentType).Boundary);
        return boundary.Length > 0 ? boundary.ToString() : throw new EngineException(ErrorCode.BadArguments, "The form has no boundary");
    }
}
