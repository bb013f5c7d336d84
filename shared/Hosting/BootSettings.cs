using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Betting.Hosting;

/// <summary>All settings checked before anything starts, so that a bad one is one clear line and not a stack trace.</summary>
static class BootSettings
{
    /// <returns>What is wrong, in one line, or null.</returns>
    public static string? WhatIsWrong(IServiceProvider services)
    {
        var wrong = SettingCheck.WhatIsWrong(services.GetRequiredService<IConfiguration>(), services.GetServices<RegisteredSection>());
        if (wrong.Count > 0)
        {
            return string.Join("; ", wrong);
        }
        try
        {
            services.GetService<IStartupValidator>()?.Validate();
            return null;
        }
        catch (AggregateException several)
        {
            return string.Join("; ", several.InnerExceptions.Select(Line).Distinct());
        }
        catch (Exception bad) when (bad is OptionsValidationException or InvalidOperationException)
        {
            return Line(bad);
        }
    }

    // What the binder refuses although its form was right comes as InvalidOperationException.
    static string Line(Exception bad) => bad is OptionsValidationException rules ? string.Join("; ", rules.Failures) : bad.Message;
}
