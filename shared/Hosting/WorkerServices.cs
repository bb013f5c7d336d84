using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Betting.Hosting;

/// <summary>How a worker adds its options and loops to its host.</summary>
public static class WorkerServices
{
    /// <summary>
    /// Binds <typeparamref name="T"/> to a configuration section and checks its annotations at boot, before anything runs.
    /// </summary>
    public static IServiceCollection AddSection<T>(this IServiceCollection services, string section)
        where T : class
    {
        services.AddOptions<T>().BindConfiguration(section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        services.AddSingleton(new RegisteredSection(section, typeof(T)));
        return services.AddSingleton<IValidateOptions<T>>(provider => new SectionRules<T>(
            section,
            provider.GetRequiredService<IConfiguration>()
        ));
    }

    /// <summary>Runs <typeparamref name="TLoop"/> from the host's start until its drain.</summary>
    public static IServiceCollection AddLoop<TLoop>(this IServiceCollection services)
        where TLoop : class, IWorkerLoop
    {
        services.TryAddSingleton<TLoop>();
        services.AddSingleton<IHostedService, LoopService<TLoop>>();
        return services;
    }
}
