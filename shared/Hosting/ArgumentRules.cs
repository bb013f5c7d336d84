using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Betting.Hosting;

/// <summary>
/// What the options of verbs allow beyond their types. What fails ends the verb with one line and code 78, before any store is asked.
/// </summary>
public static class ArgumentRules
{
    /// <summary>Whole numbers from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Option<int> InRange(this Option<int> option, int least, int most) => Ranged<Option<int>, long>(option, least, most);

    /// <inheritdoc cref="InRange(Option{int}, int, int)"/>
    public static Option<int?> InRange(this Option<int?> option, int least, int most) => Ranged<Option<int?>, long>(option, least, most);

    /// <inheritdoc cref="InRange(Option{int}, int, int)"/>
    public static Option<long> InRange(this Option<long> option, long least, long most) => Ranged<Option<long>, long>(option, least, most);

    /// <inheritdoc cref="InRange(Option{int}, int, int)"/>
    public static Option<long?> InRange(this Option<long?> option, long least, long most) =>
        Ranged<Option<long?>, long>(option, least, most);

    /// <summary>Numbers from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Option<double> InRange(this Option<double> option, double least, double most) =>
        option.Where(text => Outside(text, least, most));

    /// <inheritdoc cref="InRange(Option{double}, double, double)"/>
    public static Option<double?> InRange(this Option<double?> option, double least, double most) =>
        option.Where(text => Outside(text, least, most));

    /// <summary>Times from zero to <paramref name="most"/>.</summary>
    public static Option<TimeSpan> AtMost(this Option<TimeSpan> option, TimeSpan most) =>
        option.Where(text =>
            TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && (time < TimeSpan.Zero || time > most)
                ? $"takes a time of 00:00:00 to {most} (it is '{text}')"
                : null
        );

    /// <summary>One of some words, whatever their case.</summary>
    public static Option<string?> OneOf(this Option<string?> option, params string[] words) =>
        option.OfForm(text => words.Contains(text, StringComparer.OrdinalIgnoreCase), "one of " + string.Join(", ", words));

    /// <summary>Texts of a form.</summary>
    /// <param name="option">The option.</param>
    /// <param name="has">True for a text of the form.</param>
    /// <param name="form">The form in words, such as "a month (2026-01)".</param>
    public static Option<T> OfForm<T>(this Option<T> option, Predicate<string> has, string form) =>
        option.Where(text => has(text) ? null : $"takes {form} (it is '{text}')");

    /// <summary>Files that can be written: one that cannot would be found out after the work.</summary>
    public static Option<T> ToWrite<T>(this Option<T> option) =>
        option.Where(text =>
            text.Length == 0 || Directory.Exists(text) ? $"takes a file (it is '{text}')"
            : !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(text))) ? $"takes a file in a folder that is there (it is '{text}')"
            : MayWrite(text) ? null
            : $"takes a file that may be written (it is '{text}')"
        );

    /// <summary>
    /// Files that can be read. What is no regular file, such as a pipe, is only looked for: to open one would take it from its writer.
    /// </summary>
    public static Argument<T> ToRead<T>(this Argument<T> argument)
    {
        argument.Validators.Add(given =>
        {
            if (given.Tokens.Select(token => token.Value).FirstOrDefault(path => !MayRead(path)) is { } path)
            {
                given.AddError($"{argument.Name} takes files that can be read (one is '{path}')");
            }
        });
        return argument;
    }

    /// <summary>Any rule. Each text that the option was given is asked for.</summary>
    /// <param name="option">The option.</param>
    /// <param name="wrong">What is wrong, to be read behind the option's name; null where nothing is.</param>
    public static TOption Where<TOption>(this TOption option, Func<string, string?> wrong)
        where TOption : Option
    {
        option.Validators.Add(given =>
        {
            if (given.Tokens.Select(token => wrong(token.Value)).FirstOrDefault(each => each is not null) is { } what)
            {
                given.AddError($"{option.Name} {what}");
            }
        });
        return option;
    }

    /// <summary>
    /// True where a switch was given and is not off. For validators: unlike GetValue it throws for no text; the parser refuses what is
    /// neither true nor false.
    /// </summary>
    public static bool IsOn(this CommandResult command, Option<bool> option) =>
        command.GetResult(option) is { Implicit: false } given && !given.Tokens.Any(token => bool.TryParse(token.Value, out var on) && !on);

    /// <summary>True where an option was given, whatever its text.</summary>
    public static bool IsGiven(this CommandResult command, Option option) => command.GetResult(option) is { Implicit: false };

    static bool MayRead(string path)
    {
        try
        {
            if (new FileInfo(path) is not { Exists: true } file)
            {
                return false;
            }
            if (file.Length > 0)
            {
                file.OpenRead().Dispose();
            }
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            return false;
        }
    }

    static bool MayWrite(string path)
    {
        var isNew = !File.Exists(path);
        try
        {
            File.Open(path, FileMode.Append, FileAccess.Write).Dispose();
            if (isNew)
            {
                File.Delete(path);
            }
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }

    static string? Outside(string text, double least, double most) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && !(number >= least && number <= most)
            ? string.Create(CultureInfo.InvariantCulture, $"takes a number, {least} to {most} (it is '{text}')")
            : null;

    // What is no number the parser refuses.
    static TOption Ranged<TOption, T>(TOption option, T least, T most)
        where TOption : Option
        where T : INumber<T> =>
        option.Where(text =>
            T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && (number < least || number > most)
                ? string.Create(CultureInfo.InvariantCulture, $"takes a whole number, {least} to {most} (it is '{text}')")
                : null
        );
}
