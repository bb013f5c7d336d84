using Betting.Brokers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Betting.BetCommands;

/// <summary>How an application gets <see cref="IBetCommands"/>.</summary>
public static class BetCommandsServices
{
    /// <summary>
    /// Adds <see cref="IBetCommands"/>, with options from the sections <c>BetCommands</c>, <c>RabbitMq</c> and <c>Kafka</c> of the
    /// application's configuration. Connects when the first command is published.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="choose">Options in code; win over the configuration.</param>
    public static IServiceCollection AddBetCommands(this IServiceCollection services, Action<BetCommandsOptions>? choose = null)
    {
        services.AddOptions<RabbitMqOptions>().BindConfiguration(RabbitMqOptions.Section);
        services.AddOptions<KafkaOptions>().BindConfiguration(KafkaOptions.Section);
        var options = services.AddOptions<BetCommandsOptions>().BindConfiguration(BetCommandsOptions.Section).ValidateOnStart();
        if (choose is not null)
        {
            options.Configure(choose);
        }
        services.AddSingleton<IValidateOptions<BetCommandsOptions>, BetCommandsRules>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IBetCommands>(provider =>
            provider.GetRequiredService<IOptions<BetCommandsOptions>>().Value.Via == Via.Kafka
                ? ActivatorUtilities.CreateInstance<KafkaBetCommands>(provider)
                : ActivatorUtilities.CreateInstance<RabbitBetCommands>(provider)
        );
        return services;
    }
}
