using Betting.Local.ClickHouse.Engine;

namespace Betting.Local.ClickHouse.Http;

/// <summary>The HTTP status of an error, as ClickHouse's own HTTP handler chooses it.</summary>
static class HttpStatus
{
    public static int Of(ErrorCode code) =>
        code switch
        {
            ErrorCode.RequiredPassword => StatusCodes.Status401Unauthorized,

            ErrorCode.UnknownUser or ErrorCode.WrongPassword or ErrorCode.AuthenticationFailed or ErrorCode.SetNonGrantedRole =>
                StatusCodes.Status403Forbidden,

            ErrorCode.BadArguments
            or ErrorCode.CannotCompileRegexp
            or ErrorCode.CannotParseText
            or ErrorCode.CannotParseEscapeSequence
            or ErrorCode.CannotParseQuotedString
            or ErrorCode.CannotParseDate
            or ErrorCode.CannotParseDateTime
            or ErrorCode.CannotParseNumber
            or ErrorCode.CannotParseDomainValueFromString
            or ErrorCode.CannotParseIpv4
            or ErrorCode.CannotParseIpv6
            or ErrorCode.CannotParseUuid
            or ErrorCode.CannotParseInputAssertionFailed
            or ErrorCode.UnknownElementInAst
            or ErrorCode.UnknownTypeOfAstNode
            or ErrorCode.TooDeepAst
            or ErrorCode.TooBigAst
            or ErrorCode.UnexpectedAstStructure
            or ErrorCode.SyntaxError
            or ErrorCode.IncorrectData
            or ErrorCode.TypeMismatch
            or ErrorCode.ValueIsOutOfRangeOfDataType => StatusCodes.Status400BadRequest,

            ErrorCode.UnknownTable
            or ErrorCode.UnknownFunction
            or ErrorCode.UnknownIdentifier
            or ErrorCode.UnknownType
            or ErrorCode.UnknownStorage
            or ErrorCode.UnknownDatabase
            or ErrorCode.UnknownSetting
            or ErrorCode.UnknownDirectionOfSorting
            or ErrorCode.UnknownAggregateFunction
            or ErrorCode.UnknownFormat
            or ErrorCode.UnknownDatabaseEngine
            or ErrorCode.UnknownTypeOfQuery => StatusCodes.Status404NotFound,

            ErrorCode.TimeoutExceeded => StatusCodes.Status408RequestTimeout,
            ErrorCode.HttpLengthRequired => StatusCodes.Status411LengthRequired,
            ErrorCode.QueryIsTooLarge => StatusCodes.Status413PayloadTooLarge,
            ErrorCode.NotImplemented => StatusCodes.Status501NotImplemented,
            ErrorCode.SocketTimeout or ErrorCode.CannotOpenFile or ErrorCode.CannotScheduleTask => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status500InternalServerError,
        };
}
