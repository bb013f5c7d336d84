using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.Hosting;

/// <summary>All settings checked before anything starts, so that a bad one is one clear line and not a stack trace.</summary>
static class BootSettings
{
    /// <returns>What is wrong, in one line, or null.</returns>
    public static string? WhatIsWrong(IServiceProvider services)
    {
        try
        {
            services.GetService<IStartupValidator>()?.Validate();
            return null;
        }
        catch (AggregateException several)
        {
            return string.Join("; ", several.InnerExceptions.Select(Line));
        }
        catch (Exception bad) when (bad is OptionsValidationException or InvalidOperationException)
        {
            return Line(bad);
        }
    }

    // A key that no option has, or a value of the wrong type, comes as InvalidOperationException from the binder.
    static string Line(Exception bad) => bad is OptionsValidationException rules ? string.Join("; ", rules.Failures) : bad.Message;
}
